import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel } from './config/config.js';
import { LogOutput } from './log-output.js';

/** JSON lines on standard output, or on the given stream. */
export function createLogger(level: LogLevel, destination?: DestinationStream): PinoLogger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination ?? standardOutput(),
  );
}

function standardOutput(): LogOutput {
  // Node makes a pipe or socket non-blocking when it is first asked for. An error of the stream concerns the log too,
  // which deals with it.
  process.stdout.on('error', () => {});
  return new LogOutput(1);
}
