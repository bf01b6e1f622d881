import { median } from '#tests/support/assertions/statistics.js';
import type { FirstToken, Throughput } from './load.js';
import type { Target } from './target.js';

/** What one target showed in one round. */
export interface Round extends Throughput {
  /** Processor time of the server for one turn. */
  readonly cpuMicroseconds: number;
  /** What the upstream was sent for one turn. */
  readonly promptBytes: number;
}

/** One line of the table, collected round by round. */
export class Row {
  readonly rounds: Round[] = [];
  /** Of a streamed one. */
  firstToken: FirstToken | null = null;
  atRestMb: number | null = null;
  afterMb: number | null = null;

  constructor(
    readonly target: Target,
    readonly stream: boolean,
  ) {}

  get name(): string {
    return `${this.target.name}, ${this.stream ? 'streamed' : 'plain'}`;
  }

  median(field: keyof Round): number {
    return median(this.rounds.map((round) => round[field]));
  }
}
