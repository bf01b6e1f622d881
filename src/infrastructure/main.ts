import 'reflect-metadata';
import { Application } from './application.js';
import { loadEnvironment } from './config/load-environment.js';
import { ConfigError, readConfig } from './config/read-config.js';
import { startWarnings } from './config/start-warnings.js';
import { createLogger } from './create-logger.js';
import { startFacts, startMessage } from './start-message.js';
import { type StartProgress, StartTimeout, startWithin } from './start-within.js';

/** Under npm one Ctrl-C arrives twice, from the terminal and from npm: only a later one asks for an immediate end. */
const SAME_KEYSTROKE_MS = 1000;

async function main(): Promise<void> {
  const environment = loadEnvironment();
  const config = readConfig(environment);
  const logger = createLogger(config.logLevel);
  // Before anything is opened: as the first process of a container it would not get a signal without a handler.
  const stopped = waitForStop();
  const start = (progress: StartProgress) => Application.start(config, logger, { progress });
  const outcome = await startWithin(start, { timeoutMs: config.startTimeoutMs, stopped });
  if (outcome.kind === 'stopped') {
    logger.info({ signal: await stopped }, 'stopped before the start was over');
    return outcome.hangs ? exitWithoutThreads(0, await stopped) : process.exit(0);
  }
  const application = outcome.value;
  if (config.production) logger.info(startFacts(config, application.url), 'listening');
  else process.stdout.write(startMessage(config, application.url));
  for (const { fields, message } of startWarnings(environment, config)) logger.warn(fields, message);

  process.on('unhandledRejection', (err) =>
    logger.error({ err }, 'a promise failed and nobody waited for it'),
  );
  logger.info({ signal: await stopped }, 'stopping');
  await application.stop();
  logger.info({}, 'stopped');
  process.exit(0);
}

/**
 * A thread that hangs in a call to the system keeps Node from its exit, which waits for it. What is registered earlier for
 * the exit, the end of the log, still runs. The first process of a container cannot be killed by itself, but can abort.
 */
function exitWithoutThreads(code: number, signal: NodeJS.Signals): never {
  process.once('exit', () => {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    process.abort();
  });
  process.exit(code);
}

/** Resolves with the first signal; a later one ends the process at once. */
function waitForStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let stoppingSince: number | null = null;
    const stop = (signal: NodeJS.Signals) => {
      if (stoppingSince === null) {
        stoppingSince = performance.now();
        resolve(signal);
      } else if (performance.now() - stoppingSince > SAME_KEYSTROKE_MS) process.exit(1);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

main().catch((error: unknown) => {
  const text = error instanceof ConfigError || error instanceof Error ? error.message : 'unknown reason';
  process.stderr.write(`FastWrap cannot start. ${text}\n`);
  if (error instanceof StartTimeout) exitWithoutThreads(1, 'SIGKILL');
  process.exit(1);
});
