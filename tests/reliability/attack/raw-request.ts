import { setTimeout as delay } from 'node:timers/promises';
import { type RawAnswer, RawConnection } from '#tests/support/fixtures/raw-connection.js';

const TIMEOUT_MS = 3000;
const SILENCE_MS = 300;

/** Sends the text on a connection of its own. @returns the first answer; null: none within three seconds. */
export async function ask(url: string, request: string): Promise<RawAnswer | null> {
  const connection = await RawConnection.open(url);
  connection.write(request);
  const answer = await Promise.race([connection.nextAnswer(), delay(TIMEOUT_MS, null, { ref: false })]);
  connection.destroy();
  return answer;
}

export function statusOf(answer: RawAnswer | null): number | string {
  return answer?.status ?? 'no answer';
}

/** @returns the statuses of all answers to the text, until the connection ends or nothing more comes for a while. */
export async function answersTo(url: string, request: string): Promise<number[]> {
  const connection = await RawConnection.open(url);
  connection.write(request);
  const statuses: number[] = [];
  for (;;) {
    const idleTimeoutMs = statuses.length === 0 ? TIMEOUT_MS : SILENCE_MS;
    const answer = await Promise.race([connection.nextAnswer(), delay(idleTimeoutMs, null, { ref: false })]);
    if (answer === null) break;
    statuses.push(answer.status);
  }
  connection.destroy();
  return statuses;
}
