/** The results as a table in Markdown: medians, the span of all rounds, and how the systems compare. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, release } from 'node:os';
import type { Figures } from './measure.ts';

/** Scenario, system, one entry a round. */
export type Results = ReadonlyMap<string, ReadonlyMap<string, Figures[]>>;

interface Row {
  readonly title: string;
  readonly value: (figures: Figures) => number;
  readonly decimals: number;
  /** Left out where it says nothing. */
  readonly only?: 'paced' | 'flat out';
  /** Says under which circumstances the others came about: no ratio. */
  readonly isContext?: true;
}

const ROWS: readonly Row[] = [
  { title: 'lines/s', value: (f) => f.linesPerSecond, decimals: 0, only: 'flat out' },
  { title: 'driver CPU µs/line', value: (f) => f.pluginMicros, decimals: 2 },
  { title: 'driver peak RSS MiB', value: (f) => f.peakMiB, decimals: 0 },
  { title: 'nats-server CPU µs/line', value: (f) => f.serverMicros, decimals: 2 },
  { title: 'bytes per message', value: (f) => f.messageBytes, decimals: 0 },
  { title: 'latency p50 ms', value: (f) => f.p50Ms, decimals: 2, only: 'paced' },
  { title: 'latency p99 ms', value: (f) => f.p99Ms, decimals: 2, only: 'paced' },
  { title: 'feeder late at worst ms', value: (f) => f.feederLateMs, decimals: 1, only: 'paced', isContext: true },
  { title: 'other load, cores', value: (f) => f.otherLoad, decimals: 2, isContext: true },
];

export function table(results: Results): string {
  const lines = ['| scenario | figure | ours | memory | plain | ours/memory | ours/plain |', '|---|---|---:|---:|---:|---:|---:|'];
  for (const [scenario, systems] of results) {
    const kind = scenario === 'paced' ? 'paced' : 'flat out';
    for (const row of ROWS) {
      if (row.only === undefined || row.only === kind) lines.push(line(scenario, row, systems));
    }
  }
  return lines.join('\n');
}

function line(scenario: string, row: Row, systems: ReadonlyMap<string, readonly Figures[]>): string {
  const [ours, memory, plain] = ['ours', 'memory', 'plain'].map((name) => (systems.get(name) ?? []).map(row.value)) as [number[], number[], number[]];
  const ratio = (other: readonly number[]): string =>
    row.isContext === undefined && ours.length > 0 && other.length > 0 ? (median(ours) / median(other)).toFixed(2) : '';
  const cells = [...[ours, memory, plain].map((values) => span(values, row.decimals)), ratio(memory), ratio(plain)];
  return `| ${scenario} | ${row.title} | ${cells.join(' | ')} |`;
}

function span(values: readonly number[], decimals: number): string {
  const show = (value: number): string => value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  if (values.length === 0) return '';
  if (values.length === 1) return show(median(values));
  return `${show(median(values))} (${show(Math.min(...values))}..${show(Math.max(...values))})`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] as number : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** What the figures were measured on. */
export function machine(): string {
  const server = execFileSync('nats-server', ['--version'], { encoding: 'utf8' }).trim();
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${availableParallelism()} cores, Linux ${release()}, node ${process.version}, ${server}`;
}
