import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** As V8 writes it: one sample of the stack's top for each time delta; all times in microseconds. */
interface RecordedProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  readonly selfMs: number;
}

/** Where the processor was within a window of a recorded profile. */
export class CpuProfile {
  readonly #selfMs = new Map<CallFrame, number>();

  /** @param fromMs on the monotonic clock, as `toMs`. */
  constructor(path: string, fromMs: number, toMs: number) {
    const { nodes, samples, timeDeltas, startTime }: RecordedProfile = JSON.parse(readFileSync(path, 'utf8'));
    const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
    let atMs = startTime / 1000;
    for (const [i, sample] of samples.entries()) {
      const tookMs = (timeDeltas[i + 1] ?? 0) / 1000;
      atMs += (timeDeltas[i] ?? 0) / 1000;
      const frame = frames.get(sample);
      if (frame === undefined || atMs < fromMs || atMs > toMs) continue;
      this.#selfMs.set(frame, (this.#selfMs.get(frame) ?? 0) + tookMs);
    }
  }

  /** Largest first, idle time left out. */
  byFunction(): Share[] {
    return this.#sum(({ functionName, url, lineNumber }) => {
      const place =
        url === '' ? '' : `  ${moduleOf(url)}/${url.slice(url.lastIndexOf('/') + 1)}:${lineNumber + 1}`;
      return `${functionName || '(anonymous)'}${place}`;
    });
  }

  /** The same by package, by adapter or floor of ours, and by module of Node. */
  byModule(): Share[] {
    return this.#sum(({ functionName, url }) => (url === '' ? functionName || '(native)' : moduleOf(url)));
  }

  #sum(nameOf: (frame: CallFrame) => string): Share[] {
    const sums = new Map<string, number>();
    for (const [frame, selfMs] of this.#selfMs) {
      if (frame.functionName === '(idle)') continue;
      const name = nameOf(frame);
      sums.set(name, (sums.get(name) ?? 0) + selfMs);
    }
    return [...sums].map(([name, selfMs]) => ({ name, selfMs })).sort((a, b) => b.selfMs - a.selfMs);
  }
}

function moduleOf(url: string): string {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const [, dependency] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  if (dependency !== undefined) return dependency;
  const [, floor] = /\/dist\/(src\/(?:adapters\/[^/]+|[^/]+))/.exec(path) ?? [];
  if (floor !== undefined) return floor;
  return path.startsWith('node:') ? path.split('/').slice(0, 2).join('/') : path;
}
