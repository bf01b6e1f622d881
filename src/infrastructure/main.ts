import 'reflect-metadata';
import { Application } from './application.js';
import { loadEnvironment } from './config/load-environment.js';
import { ConfigError, readConfig } from './config/read-config.js';
import { createLogger } from './create-logger.js';
import { startMessage } from './start-message.js';

/** Under npm one Ctrl-C arrives twice, from the terminal and from npm: only a later one means impatience. */
const SAME_KEYSTROKE_MS = 1000;

async function main(): Promise<void> {
  const config = readConfig(loadEnvironment());
  const logger = createLogger(config.logLevel);
  const application = await Application.start(config, logger);
  process.stdout.write(startMessage(config, application.url));

  let stoppingSince: number | null = null;
  const stop = (signal: NodeJS.Signals) => {
    if (stoppingSince !== null) {
      if (performance.now() - stoppingSince > SAME_KEYSTROKE_MS) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    logger.info({ signal }, 'stopping');
    void application.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  const text = error instanceof ConfigError || error instanceof Error ? error.message : 'unknown reason';
  process.stderr.write(`FastWrap cannot start. ${text}\n`);
  process.exit(1);
});
