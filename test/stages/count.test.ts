import test from 'ava';
import type { EntrySink } from '../../src/core/types.ts';
import { LineCounter } from '../../src/stages/count.ts';
import { entriesOf } from '../support/log-entry.ts';
import { entryOf } from './collector.ts';

function countOf(output: string): number {
  const counter = new LineCounter();
  const sink: EntrySink = counter;
  for (const { line, partial } of entriesOf('stdout', output, 0n)) sink.write(entryOf(line, partial === undefined ? {} : { partial }));
  sink.end();
  return counter.lines;
}

test('each line is counted', (t) => {
  t.is(countOf('a\n\nb\n'), 3);
});

test('a line that the engine split is one line', (t) => {
  t.is(countOf(`${'x'.repeat(100_000)}\n`), 1);
  t.is(countOf(`${'x'.repeat(32_768)}\n`), 1);
});

test('output without a newline at its end is a line', (t) => {
  t.is(countOf('a\nb'), 2);
  t.is(countOf('x'.repeat(20_000)), 1);
});
