/** The results as a table in Markdown: medians, the span of all rounds, and how the systems compare. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, release } from 'node:os';
import { ROWS, type Row } from './figures.ts';
import { systemsOf, type Results } from './results.ts';
import { median } from './statistics.ts';

/** `base` is compared with each of the others: its figure divided by theirs. */
export function table(results: Results, base = 'ours'): string {
  const systems = systemsOf(results);
  const others = systems.filter((name) => name !== base && systems.includes(base));
  const head = ['scenario', 'figure', ...systems, ...others.map((name) => `${base}/${name}`)];
  const lines = [`| ${head.join(' | ')} |`, `|---|---|${'---:|'.repeat(head.length - 2)}`];
  for (const [scenario, perSystem] of Object.entries(results)) {
    const valuesOf = ({ figure }: Row, system: string): number[] => (perSystem[system] ?? []).flatMap((figures) => figures[figure] ?? []);
    for (const row of ROWS) {
      const cells = systems.map((system) => span(valuesOf(row, system), row.decimals));
      if (cells.every((cell) => cell === '')) continue;
      const ratios = others.map((other) => (row.isContext ? '' : ratio(valuesOf(row, base), valuesOf(row, other))));
      lines.push(`| ${[scenario, row.title, ...cells, ...ratios].join(' | ')} |`);
    }
  }
  return lines.join('\n');
}

function ratio(ours: readonly number[], theirs: readonly number[]): string {
  return ours.length > 0 && theirs.length > 0 ? (median(ours) / median(theirs)).toFixed(2) : '';
}

function span(values: readonly number[], decimals: number): string {
  const show = (value: number): string => value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  if (values.length === 0) return '';
  if (values.length === 1) return show(median(values));
  return `${show(median(values))} (${show(Math.min(...values))}..${show(Math.max(...values))})`;
}

/** What the figures were measured on. */
export function machine(): string {
  const server = execFileSync('nats-server', ['--version'], { encoding: 'utf8' }).trim();
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${availableParallelism()} cores, Linux ${release()}, node ${process.version}, ${server}`;
}
