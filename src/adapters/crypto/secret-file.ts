import { randomBytes, randomUUID } from 'node:crypto';
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

const SECRET_BYTES = 32;
const FORM = /^([0-9a-f]{64})\n?$/;
const OTHERS_MAY = 0o007;

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/**
 * The secret in the file: 64 hex digits. Where there is no file, one is made with mode 0600, whole or not at all;
 * of processes that start together all get the same secret. An existing file is never changed.
 * @returns 32 bytes.
 * @throws Error that names the file when it holds no secret, or when every user of the machine may touch it. A group may
 * have access: orchestrators give it to the files of a volume.
 */
export async function loadOrCreateSecret(filePath: string): Promise<Uint8Array> {
  const existing = await loadSecret(filePath);
  if (existing !== null) return existing;
  await create(filePath);
  const made = await loadSecret(filePath);
  if (made === null) throw new Error(`The secret file ${filePath} was removed while it was being made.`);
  return made;
}

/**
 * As {@link loadOrCreateSecret}, without making one.
 * @returns null when there is no file.
 */
export async function loadSecret(filePath: string): Promise<Uint8Array | null> {
  const file = await open(filePath, 'r').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (file === null) return null;
  try {
    await assertPrivate(file, filePath);
    const [, hex] = FORM.exec(await file.readFile('latin1')) ?? [];
    if (hex === undefined) {
      throw new Error(`The secret file ${filePath} does not hold 64 hex digits: restore it from a backup.`);
    }
    return new Uint8Array(Buffer.from(hex, 'hex'));
  } finally {
    await file.close();
  }
}

/** Windows has no such modes: there every file looks open to all. */
async function assertPrivate(file: FileHandle, filePath: string): Promise<void> {
  const { mode } = await file.stat();
  if (process.platform === 'win32' || (mode & OTHERS_MAY) === 0) return;
  throw new Error(
    `Every user of this machine may touch the secret file ${filePath}: run chmod 600 ${filePath}`,
  );
}

/** `link` refuses to replace a file, unlike `rename`: the first process wins. */
async function create(filePath: string): Promise<void> {
  const directory = dirname(filePath);
  const temporary = `${filePath}.${randomUUID()}.tmp`;
  try {
    await writeDurably(temporary, `${randomBytes(SECRET_BYTES).toString('hex')}\n`);
    await link(temporary, filePath);
    await syncDirectory(directory);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

async function writeDurably(filePath: string, text: string): Promise<void> {
  const file = await open(filePath, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
