import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel } from './config/config.js';

/** Lines go out together, by so many bytes or after so long: a write for each would cost as much as the turn's own work. */
const GATHERED_BYTES = 8192;
const GATHERED_MS = 100;

/** JSON lines on standard output, or on the given stream. What is gathered when the process exits is still written. */
export function createLogger(level: LogLevel, destination?: DestinationStream): PinoLogger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination ?? pino.destination({ dest: 1, minLength: GATHERED_BYTES, periodicFlush: GATHERED_MS }),
  );
}
