import { performance } from 'node:perf_hooks';
import type { Clock } from '#src/application/ports/system/clock.js';

export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }
}
