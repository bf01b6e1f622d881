import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  BATCH_MS,
  type TurnOrder,
  type TurnReport,
  type WorkerMessage,
  type WorkerSettings,
} from './turn-orders.js';

const SCRIPT = fileURLToPath(new URL('./turn-worker.js', import.meta.url));

/** Null: the process has ended without a word about it. */
type ReportListener = (report: TurnReport | null) => void;

/** A process of the service that can be killed, started again, and held still. */
export class WorkerProcess {
  readonly #settings: WorkerSettings;
  #child: ChildProcess | null = null;
  #isReady = false;
  #endedByItself = false;
  #restarting: Promise<void> | null = null;
  #outbox: TurnOrder[] = [];
  readonly #pending = new Map<number, ReportListener>();

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
  }

  /** Whether it takes orders. One that is held still does. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Which it never should. */
  get endedByItself(): boolean {
    return this.#endedByItself;
  }

  /** Orders that it has not reported on. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  async start(): Promise<void> {
    const child = fork(SCRIPT, [JSON.stringify(this.#settings)], { execArgv: [] });
    this.#child = child;
    const ready = new Promise<void>((resolve, reject) => {
      child.on('message', (message: WorkerMessage) => {
        if ('ready' in message) resolve();
        else this.#report(message.reports);
      });
      child.once('exit', (_code, signal) => {
        if (signal !== 'SIGKILL') this.#endedByItself = true;
        if (this.#child === child) this.#lose();
        reject(new Error('the worker ended before it was ready'));
      });
    });
    await ready;
    this.#isReady = true;
  }

  /** @param onReport called once. */
  send(order: TurnOrder, onReport: ReportListener): void {
    this.#pending.set(order.number, onReport);
    this.#outbox.push(order);
    if (this.#outbox.length === 1) setTimeout(() => this.#flush(), BATCH_MS);
  }

  /** `kill -9`, and a new one in its place. */
  async restart(): Promise<void> {
    const begun = this.#restarting ?? this.kill().then(() => this.start());
    this.#restarting = begun;
    try {
      await begun;
    } finally {
      this.#restarting = null;
    }
  }

  /** `kill -9`: whatever it was doing. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    this.#isReady = false;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** @returns what lets it go on, if it still is the same process. */
  freeze(): () => void {
    const child = this.#child;
    child?.kill('SIGSTOP');
    return () => child?.kill('SIGCONT');
  }

  #flush(): void {
    const orders = this.#outbox;
    this.#outbox = [];
    if (this.#child?.connected === true) this.#child.send(orders, () => {});
    else this.#lose();
  }

  #report(reports: readonly TurnReport[]): void {
    for (const report of reports) {
      const onReport = this.#pending.get(report.number);
      this.#pending.delete(report.number);
      onReport?.(report);
    }
  }

  #lose(): void {
    this.#isReady = false;
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const onReport of lost) onReport(null);
  }
}
