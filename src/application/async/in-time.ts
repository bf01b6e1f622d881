const LATE = Symbol('late');

/**
 * Waits for so long at most; what settles later is dropped. A process that was busy itself reads first what has arrived
 * meanwhile, which timers alone would not: they run before.
 * @param onLate gives, or throws, what stands for an answer that is late.
 */
export async function inTime<T>(ms: number, awaited: Promise<T>, onLate: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => setImmediate(() => setImmediate(resolve, LATE)), ms);
  });
  try {
    const first = await Promise.race([awaited, late]);
    return first === LATE ? onLate() : first;
  } finally {
    clearTimeout(timer);
  }
}
