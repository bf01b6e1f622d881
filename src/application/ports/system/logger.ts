type LogFields = Readonly<Record<string, unknown>>;

/** Structured lines. Fields never hold message texts, instructions, passwords or keys. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
