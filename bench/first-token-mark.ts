/**
 * What the fake upstream puts at the beginning of a paced reply: when the request had come and when the first token
 * went out, in nanoseconds of the clock that all processes of a machine share (CLOCK_MONOTONIC).
 */
export function firstTokenMark(receivedNs: bigint, sentNs: bigint): string {
  return `<${receivedNs}:${sentNs}> `;
}

const MARK = /<(\d+):(\d+)>/;

/** @returns how long the upstream itself took, in milliseconds; null when the mark has not come yet. */
export function readFirstTokenMark(text: string): number | null {
  const [, received, sent] = MARK.exec(text) ?? [];
  if (received === undefined || sent === undefined) return null;
  return Number(BigInt(sent) - BigInt(received)) / 1e6;
}
