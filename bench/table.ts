import type { Row } from './row.js';

const HEAD = [
  '',
  'turns/s',
  'p50 ms',
  'p99 ms',
  'CPU µs/turn',
  'prompt bytes',
  'first token + p50 ms',
  'first token + p95 ms',
  'RSS at rest MB',
  'RSS after MB',
];

/** As Markdown, so that it can be kept as it is. */
export function table(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const ruler = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [HEAD, ruler, ...lines.slice(1)]
    .map((line) => `| ${line.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join(' | ')} |`)
    .join('\n');
}

function cells(row: Row): string[] {
  return [
    row.name,
    figure(row.median('perSecond'), 0),
    figure(row.median('p50Ms'), 1),
    figure(row.median('p99Ms'), 1),
    figure(row.median('cpuMicroseconds'), 0),
    figure(row.median('promptBytes'), 0),
    row.firstToken === null ? '' : figure(row.firstToken.p50Ms, 1),
    row.firstToken === null ? '' : figure(row.firstToken.p95Ms, 1),
    row.atRestMb === null ? '' : figure(row.atRestMb, 0),
    row.afterMb === null ? '' : figure(row.afterMb, 0),
  ];
}

function figure(value: number, digits: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
