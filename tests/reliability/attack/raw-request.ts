import { setTimeout as delay } from 'node:timers/promises';
import { type RawAnswer, RawConnection } from '#tests/support/raw-connection.js';

const PATIENCE_MS = 3000;

/** Sends the text on a connection of its own. @returns the first answer; null: none within three seconds. */
export async function ask(url: string, request: string): Promise<RawAnswer | null> {
  const connection = await RawConnection.open(url);
  connection.write(request);
  const answer = await Promise.race([connection.nextAnswer(), delay(PATIENCE_MS, null, { ref: false })]);
  connection.destroy();
  return answer;
}

export function statusOf(answer: RawAnswer | null): number | string {
  return answer?.status ?? 'no answer';
}
