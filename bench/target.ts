import type { Child } from './child.js';

/** The models that the fake upstream has. */
export type BenchModel = 'fast' | 'paced';

export interface BenchRequest {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A server under test. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly process: Child;
  /** @param lane whose turn it is; the turns of one lane follow one another. */
  turn(lane: number, model: BenchModel, stream: boolean): BenchRequest;
}
