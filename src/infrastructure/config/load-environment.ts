import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** The process's environment over a `.env` in the working directory, if there is one. The one place that reads either. */
export function loadEnvironment(): Record<string, string | undefined> {
  return { ...readDotEnv(), ...process.env };
}

function readDotEnv(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
