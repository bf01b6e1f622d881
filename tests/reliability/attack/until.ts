import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;

/** Looks again and again. @returns after how many milliseconds it was so; infinity: it was not in the time. */
export async function until(isSo: () => boolean | Promise<boolean>, maxMs: number): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const elapsedMs = performance.now() - startedAt;
    if (await isSo()) return elapsedMs;
    if (elapsedMs > maxMs) return Number.POSITIVE_INFINITY;
    await delay(LOOK_EVERY_MS);
  }
}
