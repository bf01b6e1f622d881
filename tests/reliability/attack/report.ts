import type { FamilyResult } from './campaign.js';
import type { Figure } from './figure.js';

const HEAD = ['family', 'figure', 'measured', 'bound', ''];

/** As Markdown, so that it can be kept as it is. */
export function reportTable(results: readonly FamilyResult[]): string {
  const rows = results.flatMap(({ name, figures, leftOut }) =>
    leftOut === null
      ? figures.map((figure, index) => row(index === 0 ? name : '', figure))
      : [[name, `left out: ${leftOut}`, '', '', '–']],
  );
  const lines = [HEAD, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = HEAD.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)));
  const ruler = widths.map((width) => '-'.repeat(width));
  const [head = HEAD, ...body] = lines;
  return [head, ruler, ...body]
    .map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
    .join('\n');
}

function row(name: string, { what, value, bound, isMet }: Figure): string[] {
  return [name, what, value, bound, isMet ? 'ok' : 'MISSED'];
}
