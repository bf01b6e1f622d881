import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';

export interface ShellExample {
  /** For titles: the heading that it stands under, and its first line. */
  readonly title: string;
  readonly script: string;
  /** The block that follows at once; null: the document shows no output of it. */
  readonly output: string | null;
}

export const REPOSITORY = new URL('../../../../', import.meta.url);
const BLOCK = /^```bash\n(.*?)^```\n(?:\n```(?:json|text)\n(.*?)^```\n)?/gms;
/** By itself, or by a function that an earlier one has defined. */
export const TALKS_TO_THE_SERVER = /^URL=|\$URL\b|\| (?:pretty|reply)$/m;
const END = '-- the end of an example --';

/** Every block of a document that is typed into a shell, from its top to its bottom. */
export function shellExamples(document: string): ShellExample[] {
  const text = readFileSync(new URL(document, REPOSITORY), 'utf8');
  return [...text.matchAll(BLOCK)].map(({ 1: script = '', 2: output = null, index }) => ({
    title: `${headingAbove(text, index)}: ${script.split('\n')[0]}`,
    script,
    output,
  }));
}

/** Those that talk to a running service. */
export function serviceExamples(document: string): ShellExample[] {
  return shellExamples(document).filter(({ script }) => TALKS_TO_THE_SERVER.test(script));
}

/** All examples in one shell, which ends at the first that fails. @returns what each printed. */
export async function runInOneShell(
  examples: readonly ShellExample[],
  url: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const script = examples.map((example) => `${example.script}echo; echo '${END}'\n`).join('');
  const typed = script.replace('http://127.0.0.1:8555', url);
  const { PATH = '' } = process.env;
  const shell = spawn('bash', ['-c', `set -eo pipefail\n${typed}`], {
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [printed] = await Promise.all([textOf(shell.stdout), once(shell, 'close')]);
  return printed.split(`${END}\n`).slice(0, -1);
}

function headingAbove(text: string, index: number): string {
  return (
    text
      .slice(0, index)
      .match(/^#+ .*$/gm)
      ?.at(-1) ?? ''
  );
}

const ANY_LINES = '(?:.*\n)*?.*';

/** What differs from run to run; `…` stands for what a document leaves out of a line, and alone on one for any lines. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/fw_\w+…\w+/, 'fw_\\w+'],
  [/…/, '.*?'],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '[0-9a-f-]{36}'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/, '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z'],
  [/\d{4}-\d\d-\d\d/, '\\d{4}-\\d\\d-\\d\\d'],
];
const KINDS = new RegExp(`(${VARYING.map(([pattern]) => pattern.source).join('|')})`);

/** Accepts what a document shows, whatever the ids and times of this run are. */
export function outputPattern(shown: string): RegExp {
  const lines = shown.trimEnd().split('\n');
  return new RegExp(
    `^${lines.map((line) => (line.trim() === '…' ? ANY_LINES : linePattern(line))).join('\n')}$`,
  );
}

function linePattern(line: string): string {
  // Split by one group: every other part is one that varies.
  return line
    .split(KINDS)
    .map((part, index) => (index % 2 === 0 ? literal(part) : varying(part)))
    .join('');
}

function varying(part: string): string {
  const kind = VARYING.find(([pattern]) => new RegExp(`^(?:${pattern.source})$`).test(part));
  return kind?.[1] ?? literal(part);
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
