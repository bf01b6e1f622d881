/** The thread of an honest caller: see `honest-caller.ts`. */
import { once } from 'node:events';
import { request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import type { HonestPlan, HonestReport } from './honest-caller.js';

/** A caller that waits longer has given up. */
const TIMEOUT_MS = 20_000;

const plan: HonestPlan & { readonly from: string } = workerData;
const { url, everyMs, method = 'GET', headers = {}, bodies = [], from, expectedStatus = 200 } = plan;
const times: number[] = [];
const failures: Record<string, number> = {};
const underWay = new Set<Promise<void>>();
let begun = 0;

function fail(why: string): void {
  failures[why] = (failures[why] ?? 0) + 1;
}

async function call(): Promise<void> {
  const body = bodies.length === 0 ? undefined : JSON.stringify(bodies[begun % bodies.length]);
  begun += 1;
  const sentAt = performance.now();
  try {
    const outgoing = request(url, {
      agent: false,
      method,
      localAddress: from,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    outgoing.end(body);
    const [response] = await once(outgoing, 'response');
    response.resume();
    await once(response, 'end');
    if (response.statusCode !== expectedStatus) fail(String(response.statusCode));
  } catch (error) {
    fail(error instanceof Error && 'code' in error ? String(error.code) : 'error');
  }
  times.push(performance.now() - sentAt);
  if (times.length === 1) parentPort?.postMessage('begun');
}

function begin(): void {
  const calling = call();
  underWay.add(calling);
  void calling.then(() => underWay.delete(calling));
}

const timer = setInterval(begin, everyMs);
begin();
parentPort?.once('message', async () => {
  clearInterval(timer);
  await Promise.all(underWay);
  const report: HonestReport = { times: Float64Array.from(times), failures };
  parentPort?.postMessage(report);
});
