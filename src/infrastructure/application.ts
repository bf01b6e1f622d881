import { Container } from 'inversify';
import { createHttpApp } from '#src/adapters/http/create-http-app.js';
import { Readiness } from '#src/adapters/http/ops/readiness.js';
import { trustedProxies } from '#src/adapters/http/pipeline/address/trusted-proxies.js';
import { HttpServer } from '#src/adapters/http/server/http-server.js';
import { OpenRequests } from '#src/adapters/http/streaming/open-requests.js';
import { SystemClock } from '#src/adapters/system/system-clock.js';
import { Authorize } from '#src/application/access/authorize.js';
import { ACCESS_WATCH_INTERVAL_MS, AccessWatch } from '#src/application/background/access-watch.js';
import { ApiKeyUses } from '#src/application/background/api-key-uses.js';
import { RepeatedTask } from '#src/application/background/repeated-task.js';
import { UsageRecords } from '#src/application/background/usage-records.js';
import { CheckHealth } from '#src/application/health/check-health.js';
import { RequestLimits } from '#src/application/limits/request-limits.js';
import type { Logger } from '#src/application/ports/system/logger.js';
import { AppError } from '#src/domain/errors.js';
import type { Config } from './config/config.js';
import { Lifecycle } from './lifecycle.js';
import { budgetModule } from './modules/budget-module.js';
import { conversationModule } from './modules/conversation-module.js';
import { httpModule } from './modules/http-module.js';
import { limitModule } from './modules/limit-module.js';
import { CHECK_MODELS, modelModule } from './modules/model-module.js';
import { observerModule } from './modules/observer-module.js';
import { openPersistence } from './modules/persistence-module.js';
import { openRedis } from './modules/redis-module.js';
import { securityModule } from './modules/security-module.js';
import { systemModule } from './modules/system-module.js';
import { useCaseModule } from './modules/use-case-module.js';
import { OutageReport } from './outage-report.js';
import { readOpenApiDocument } from './package-files.js';
import type { StartProgress } from './start-within.js';
import { CLOCK, LOGGER, WARM_UP } from './tokens.js';

const KEY_USES_INTERVAL_MS = 10_000;
/** What a crash forgets at most. */
const USAGE_INTERVAL_MS = 1000;

/** Replaces bindings after all modules are loaded; tests put cheap or broken parts in. */
export type Override = (container: Container) => void;

export interface StartOptions {
  readonly override?: Override;
  /** Notes each step, and ends the start between two of them when it is not wanted any more. */
  readonly progress?: StartProgress;
}

/** One running service. A process can hold several. */
export class Application {
  readonly #readiness: Readiness;
  readonly #lifecycle: Lifecycle;

  private constructor(
    readonly url: string,
    readiness: Readiness,
    lifecycle: Lifecycle,
  ) {
    this.#readiness = readiness;
    this.#lifecycle = lifecycle;
  }

  /** Opens in order; what was opened before a failure is closed again. */
  static async start(config: Config, logger: Logger, options: StartOptions = {}): Promise<Application> {
    const { override, progress } = options;
    const lifecycle = new Lifecycle(logger);
    try {
      const container = await compose(config, logger, { lifecycle, progress });
      override?.(container);
      startBackground(container, lifecycle);
      // Its uptime counts from its making.
      container.get(CheckHealth);
      const readiness = container.get(Readiness);
      progress?.begin('the address to listen on (HOST, PORT)');
      const server = await listen(container, config);
      const abortAll = () => container.get(OpenRequests).abortAll(new AppError('shutting_down'));
      lifecycle.own('http server', () => server.close(config.shutdownGraceMs, abortAll));
      readiness.markReady();
      warmUp(container);
      checkModels(container);
      return new Application(server.url, readiness, lifecycle);
    } catch (error) {
      await lifecycle.closeAll();
      throw error;
    }
  }

  /** New requests are refused from now on; those that run have the grace to end. */
  async stop(): Promise<void> {
    this.#readiness.markDraining();
    await this.#lifecycle.closeAll();
  }
}

interface StartContext {
  readonly lifecycle: Lifecycle;
  readonly progress: StartProgress | undefined;
}

async function compose(
  config: Config,
  logger: Logger,
  { lifecycle, progress }: StartContext,
): Promise<Container> {
  progress?.begin('the database and its secret (DATABASE_URL)');
  const persistence = await openPersistence(config.database, config.secret, lifecycle, logger);
  progress?.begin('Redis (REDIS_HOST, REDIS_URL)');
  const redis = await openRedis(config.redis, logger, lifecycle);
  const container = new Container();
  container.load(
    systemModule(logger),
    persistence.module,
    redis,
    securityModule(persistence.secret),
    budgetModule(config, lifecycle),
    conversationModule(config, lifecycle),
    limitModule(config),
    modelModule(config, { clock: new SystemClock(), logger }, lifecycle),
    observerModule(config, lifecycle),
    useCaseModule(config),
    httpModule(readOpenApiDocument().info.version),
  );
  return container;
}

function listen(container: Container, config: Config): Promise<HttpServer> {
  const { host, port, connectionsPerAddress, trustedProxies: proxies } = config;
  return HttpServer.listen(createApp(container, config), {
    host,
    port,
    logger: container.get(LOGGER),
    policy: { maxConnectionsPerAddress: connectionsPerAddress, isProxy: trustedProxies(proxies) },
  });
}

function createApp(container: Container, config: Config) {
  return createHttpApp({
    controllers: container,
    authorize: container.get(Authorize),
    limits: container.get(RequestLimits),
    trustedProxies: config.trustedProxies,
    readiness: container.get(Readiness),
    document: readOpenApiDocument(),
    corsOrigins: config.corsOrigins,
    clock: container.get(CLOCK),
    logger: container.get(LOGGER),
  });
}

/** The collectors write regularly and at the end; while the keys in use cannot be checked, what runs is left alone. */
function startBackground(container: Container, lifecycle: Lifecycle): void {
  const logger = container.get(LOGGER);
  const repeat = (intervalMs: number, report: OutageReport, run: () => Promise<void>): RepeatedTask => {
    const task = new RepeatedTask({ intervalMs, run: () => report.watch(run()) });
    task.start();
    return task;
  };
  const collect = (what: string, intervalMs: number, collector: { flush(): Promise<void> }) => {
    const words = { fails: 'could not be written', again: 'is written again' };
    const task = repeat(intervalMs, new OutageReport(logger, { what }, words), () => collector.flush());
    lifecycle.own(what, () => task.finish());
  };
  collect('key uses', KEY_USES_INTERVAL_MS, container.get(ApiKeyUses));
  collect('usage', USAGE_INTERVAL_MS, container.get(UsageRecords));
  const watch = container.get(AccessWatch);
  const words = { fails: 'the keys in use could not be checked', again: 'the keys in use are checked again' };
  const check = repeat(ACCESS_WATCH_INTERVAL_MS, new OutageReport(logger, {}, words), () => watch.check());
  lifecycle.own('access watch', () => check.stop());
}

/** Behind the start, which does not wait for it: the first turn finds its libraries loaded. */
function warmUp(container: Container): void {
  const logger = container.get(LOGGER);
  for (const load of container.getAll(WARM_UP)) {
    load().catch((err: unknown) => logger.error({ err }, 'a library that turns need could not be loaded'));
  }
}

/** Behind the start, too. A provider that does not answer, or not with a list, has said nothing. */
function checkModels(container: Container): void {
  const logger = container.get(LOGGER);
  container
    .get(CHECK_MODELS)()
    .catch(() => logger.debug({}, 'the models could not be checked'));
}
