import { AppError } from '#src/domain/errors.js';

interface SqliteError extends Error {
  readonly code: string;
}

function isSqliteError(error: unknown): error is SqliteError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('SQLITE_')
  );
}

/** Null for what is no error of SQLite. */
export function sqliteCodeOf(error: unknown): string | null {
  return isSqliteError(error) ? error.code : null;
}

/** Another connection or process has the lock. */
export function isBusy(error: unknown): boolean {
  return isSqliteError(error) && error.code === 'SQLITE_BUSY';
}

/** @param column as SQLite names it: `table.column`. */
export function isUniqueViolation(error: unknown, column: string): boolean {
  return isSqliteError(error) && error.message.endsWith(`UNIQUE constraint failed: ${column}`);
}

/** SQLite undoes some failed transactions by itself; a rollback then finds none. */
export function isNoTransaction(error: unknown): boolean {
  return isSqliteError(error) && error.message.includes('no transaction is active');
}

/**
 * What SQLite reports is `database_unavailable`, except a violated constraint: a statement that lets it come this
 * far is a defect, and is passed on as it is.
 */
export function translateError(error: unknown): unknown {
  if (!isSqliteError(error) || error.code === 'SQLITE_CONSTRAINT') return error;
  return new AppError('database_unavailable', { cause: error });
}
