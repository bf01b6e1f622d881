import { Pool } from 'undici';

export interface FloodPlan {
  readonly url: string;
  /** A client's key, for the reads beside the flood. */
  readonly apiKey: string;
  /** What they read. */
  readonly characterId: string;
  /** Of an account that exists; every second login is for it. */
  readonly email: string;
  readonly loginsPerSecond: number;
  readonly readsPerSecond: number;
  readonly durationMs: number;
}

export interface FloodFigures {
  /** How many logins were answered with each status. */
  readonly logins: Readonly<Record<number, number>>;
  /** The longest wait that a refused login was asked for, in seconds; null: none was. */
  readonly retryAfterSeconds: number | null;
  /** Of the reads that were answered with 200, in ascending order, in milliseconds. */
  readonly readMs: Float64Array;
  /** Reads that were answered with anything else. */
  readonly failedReads: number;
}

const TICK_MS = 5;

/** Wrong logins at a steady rate, whatever becomes of those before, and authenticated reads beside them. */
export async function floodLogins(plan: FloodPlan): Promise<FloodFigures> {
  const attackers = new Pool(plan.url, { connections: 256 });
  const reader = new Pool(plan.url, { connections: 16 });
  const logins: Record<number, number> = {};
  const readMs: number[] = [];
  let failedReads = 0;
  let retryAfterSeconds: number | null = null;

  const logIn = async (index: number) => {
    const email = index % 2 === 0 ? plan.email : `nobody-${index}@example.com`;
    const { statusCode, headers, body } = await attackers.request({
      method: 'POST',
      path: '/auth/keys',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: `wrong horse ${index}` }),
    });
    await body.dump();
    logins[statusCode] = (logins[statusCode] ?? 0) + 1;
    if (statusCode === 503) {
      retryAfterSeconds = Math.max(retryAfterSeconds ?? 0, Number(headers['retry-after']));
    }
  };
  const read = async () => {
    const sentAt = performance.now();
    const { statusCode, body } = await reader.request({
      method: 'GET',
      path: `/api/characters/${plan.characterId}`,
      headers: { 'x-api-key': plan.apiKey },
    });
    await body.dump();
    if (statusCode === 200) readMs.push(performance.now() - sentAt);
    else failedReads += 1;
  };

  await Promise.all([
    steadily(logIn, plan.loginsPerSecond, plan.durationMs),
    steadily(read, plan.readsPerSecond, plan.durationMs),
  ]);
  await Promise.all([attackers.close(), reader.close()]);
  return { logins, retryAfterSeconds, readMs: Float64Array.from(readMs).sort(), failedReads };
}

/** Resolves when all that was begun in the time has ended. */
async function steadily(
  begin: (index: number) => Promise<void>,
  perSecond: number,
  durationMs: number,
): Promise<void> {
  const startedAt = performance.now();
  const begun: Promise<void>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = Math.min(performance.now() - startedAt, durationMs);
      while (begun.length < (elapsedMs / 1000) * perSecond) begun.push(begin(begun.length));
      if (elapsedMs < durationMs) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  await Promise.all(begun);
}
