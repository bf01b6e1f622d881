/**
 * `node scripts/write-configuration.mjs [--check]`: the tables of docs/operations/configuration.md and `.env.example`, from what
 * the built configuration says of its variables. With --check nothing is written, and it fails where they differ.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
const { environmentSchema, SECTIONS } = await import(
  '../dist/src/infrastructure/config/environment-schema.js'
);
const { textOf } = await import('../dist/src/infrastructure/config/variable.js');

const TABLES = 'docs/operations/configuration.md';
const EXAMPLE = '.env.example';
const BEGIN = '<!-- Written by npm run configuration: begin -->';
const END = '<!-- Written by npm run configuration: end -->';
const WIDTH = 120;
const EXAMPLE_HEAD = `# Copy to .env and uncomment what you want to change. Every line below shows its default, or an example where there is none.
# The environment wins over .env; an empty value counts as absent. What is wrong stops the start with a message.
# Keep .env out of version control: it holds secrets.
# Written by npm run configuration from src/infrastructure/config.
`;

const defaults = environmentSchema.parse({});

/** All that is said of one variable. Its default is null where the schema has none that can be written as one value. */
function describe([name, form]) {
  const { description, rule, byDefault = null, example = null, see = null } = textOf(form);
  const preset = defaults[name];
  const value = preset === undefined || Array.isArray(preset) ? null : String(preset);
  return { name, description, rule, byDefault, example, see, value };
}

const sections = SECTIONS.map(({ title, about = null, variables }) => ({
  title,
  about,
  variables: Object.entries(variables).map(describe),
}));

const sentences = (...texts) => texts.filter((text) => text !== null).map((text) => `${text}.`);
const capital = (text) => text[0].toUpperCase() + text.slice(1);

function tableRow({ name, description, rule, byDefault, see, value }) {
  const link = see && `See [${see.replace(/^docs\/|#.*/g, '')}](${relative(dirname(TABLES), see)})`;
  const preset = byDefault ?? (value === null ? '–' : `\`${value}\``);
  return [`\`${name}\``, preset, sentences(rule && capital(rule), description, link).join(' ')];
}

/** As Biome formats it. */
function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (cells, filler) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column], filler)).join(' | ')} |`;
  const [head, ...others] = rows;
  return [
    line(head, ' '),
    line(
      head.map(() => ''),
      '-',
    ),
    ...others.map((row) => line(row, ' ')),
  ].join('\n');
}

function tables() {
  const parts = sections.map(({ title, about, variables }) => {
    const rows = [['variable', 'default', 'rule and meaning'], ...variables.map(tableRow)];
    return [`### ${title}`, ...(about === null ? [] : [about]), table(rows)].join('\n\n');
  });
  const text = readFileSync(TABLES, 'utf8');
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before === -1 || after < before) throw new Error(`${TABLES} has no place for the tables`);
  return `${text.slice(0, before)}${BEGIN}\n\n${parts.join('\n\n')}\n\n${text.slice(after)}`;
}

/** Without what is for Markdown alone. */
const plain = (text) => text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');

function comment(text) {
  const lines = [''];
  for (const word of plain(text).split(' ')) {
    const line = lines.at(-1);
    if (`# ${line} ${word}`.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}\n`).join('');
}

function exampleEntry({ name, description, rule, byDefault, example, see, value }) {
  const preset = `Default: ${byDefault ?? value ?? 'none'}`;
  const text = sentences(rule && capital(rule), description, preset, see && `See ${see}`).join(' ');
  return `${comment(text)}# ${name}=${value ?? example ?? ''}\n`;
}

function exampleFile() {
  const parts = sections.map(({ title, about, variables }) => {
    const head = `# --- ${title} `.padEnd(80, '-');
    return [`${head}\n`, ...(about === null ? [] : [comment(about)]), ...variables.map(exampleEntry)].join(
      '\n',
    );
  });
  return [EXAMPLE_HEAD, ...parts].join('\n');
}

for (const [path, text] of [
  [TABLES, tables()],
  [EXAMPLE, exampleFile()],
]) {
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text);
    continue;
  }
  const committed = readFileSync(path, 'utf8').split('\n');
  const fresh = text.split('\n');
  const at = Array.from({ length: Math.max(fresh.length, committed.length) }).findIndex(
    (_, index) => fresh[index] !== committed[index],
  );
  if (at === -1) {
    process.stdout.write(`${path}: up to date\n`);
  } else {
    process.stdout.write(`${path} is out of date from line ${at + 1} on: run npm run configuration\n`);
    process.stdout.write(`- ${committed[at] ?? ''}\n+ ${fresh[at] ?? ''}\n`);
    process.exitCode = 1;
  }
}
