import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel } from './config/config.js';

/** JSON lines on standard output, or on the given stream. */
export function createLogger(level: LogLevel, destination?: DestinationStream): PinoLogger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination ?? pino.destination(1),
  );
}
