import { readFileSync } from 'node:fs';

export interface ReadmeExample {
  /** For titles: the heading that it stands under, and its first line. */
  readonly title: string;
  readonly script: string;
  /** The block that follows at once; null: README shows no output of it. */
  readonly output: string | null;
}

const README = new URL('../../../README.md', import.meta.url);
const BLOCK = /^```bash\n(.*?)^```\n(?:\n```(?:json|text)\n(.*?)^```\n)?/gms;
/** By itself, or by a function that an earlier one has defined. */
const TALKS_TO_THE_SERVER = /^URL=|\$URL\b|\| (?:pretty|reply)$/m;

/** What README has its reader type to talk to a running service, from its top to its bottom. */
export function readmeExamples(): ReadmeExample[] {
  const text = readFileSync(README, 'utf8');
  return [...text.matchAll(BLOCK)]
    .map(({ 1: script = '', 2: output = null, index }) => ({
      title: `${headingAbove(text, index)}: ${script.split('\n')[0]}`,
      script,
      output,
    }))
    .filter(({ script }) => TALKS_TO_THE_SERVER.test(script));
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

/** What differs from run to run; `…` stands for what README leaves out of a line, and alone on one for any lines. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/fw_\w+…\w+/, 'fw_\\w+'],
  [/…/, '.*?'],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '[0-9a-f-]{36}'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/, '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z'],
  [/\d{4}-\d\d-\d\d/, '\\d{4}-\\d\\d-\\d\\d'],
];
const KINDS = new RegExp(`(${VARYING.map(([pattern]) => pattern.source).join('|')})`);

/** Accepts what README shows, whatever the ids and times of this run are. */
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
