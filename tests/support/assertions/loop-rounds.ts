/** @returns how many rounds the event loop makes while the work is done: in each others have their turn. */
export async function loopRoundsDuring(work: () => Promise<unknown>): Promise<number> {
  let rounds = 0;
  let next = setImmediate(function count() {
    rounds += 1;
    next = setImmediate(count);
  });
  try {
    await work();
    return rounds;
  } finally {
    clearImmediate(next);
  }
}
