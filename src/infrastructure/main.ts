import 'reflect-metadata';
import { Application } from './application.js';
import { loadEnvironment } from './config/load-environment.js';
import { ConfigError, readConfig } from './config/read-config.js';
import { createLogger } from './create-logger.js';
import { startMessage } from './start-message.js';

async function main(): Promise<void> {
  const config = readConfig(loadEnvironment());
  const logger = createLogger(config.logLevel);
  const application = await Application.start(config, logger);
  process.stdout.write(startMessage(config, application.url));

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
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
