import test from 'ava';
import { Excerpt } from '../src/excerpt.ts';
import type { Viewer } from '../src/core/viewer.ts';
import { entryOf } from './stages/collector.ts';
import { until } from './support/wait.ts';

/** What a viewer is told, in order. */
class Told implements Viewer {
  readonly all: string[] = [];

  line(source: string, text: string): void {
    this.all.push(`${source}: ${text}`);
  }

  skipped(lines: number): void {
    this.all.push(`skipped ${lines}`);
  }

  ended(): void {
    this.all.push('ended');
  }
}

test('a viewer sees each line with its source, cut at 4 KiB', (t) => {
  const told = new Told();
  const excerpt = new Excerpt(told);
  excerpt.line(entryOf('a line', { source: 'stderr' }));
  excerpt.line(entryOf('x'.repeat(5000)));
  excerpt.ended();
  t.deepEqual(told.all, ['stderr: a line', `stdout: ${'x'.repeat(4096)}…`, 'ended']);
});

test('a container that writes more than a person can read is shown in part, and it is said how much is missing', async (t) => {
  const told = new Told();
  const excerpt = new Excerpt(told);
  for (let i = 0; i < 700; i++) excerpt.line(entryOf(`line ${i}`));
  await until('a second is over', () => told.all.length > 500);
  t.deepEqual(told.all.slice(499), ['stdout: line 499', 'skipped 200']);
  excerpt.line(entryOf('another second'));
  t.is(told.all.at(-1), 'stdout: another second');
  excerpt.close();
});

test('lines that are not shown are told of even when the session ends in the same second', (t) => {
  const told = new Told();
  const excerpt = new Excerpt(told);
  for (let i = 0; i < 501; i++) excerpt.line(entryOf(`line ${i}`));
  excerpt.ended();
  t.deepEqual(told.all.slice(499), ['stdout: line 499', 'skipped 1', 'ended']);
});
