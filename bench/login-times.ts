import { Client } from 'undici';
import { median } from '#tests/support/assertions/statistics.js';

export interface LoginCase {
  readonly name: string;
  /** The address and password of one attempt, and the address that it comes from as a trusted proxy tells it. */
  attempt(index: number): { readonly email: string; readonly password: string; readonly from: string };
}

export interface LoginTimes {
  readonly name: string;
  readonly medianMs: number;
  /** Without what differs from request to request. */
  readonly answers: ReadonlySet<string>;
}

/** One login after the other, the cases in turn, so that whatever else the machine does meets all of them alike. */
export async function compareLogins(
  url: string,
  cases: readonly LoginCase[],
  samples: number,
): Promise<LoginTimes[]> {
  const client = new Client(url);
  const measured = cases.map(({ name }) => ({ name, times: [] as number[], answers: new Set<string>() }));
  for (let index = 0; index < samples; index += 1) {
    for (const [place, { attempt }] of cases.entries()) {
      const { email, password, from } = attempt(index);
      const sentAt = performance.now();
      const { statusCode, body } = await client.request({
        method: 'POST',
        path: '/auth/keys',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
        body: JSON.stringify({ email, password }),
      });
      const text = await body.text();
      measured[place]?.times.push(performance.now() - sentAt);
      measured[place]?.answers.add(`${statusCode} ${text.replace(/"requestId":"[^"]*"/, '')}`);
    }
  }
  await client.close();
  return measured.map(({ name, times, answers }) => ({ name, medianMs: median(times), answers }));
}
