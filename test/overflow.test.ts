/** What a session does when there is no room, and what it tells those who read its messages. */
import { mock } from 'node:test';
import test from 'ava';
import { MemoryBudget } from '../src/journal/memory.ts';
import { dropped, numbered, numbers, withBench, type BenchOptions, type SessionBench } from './stages/session-bench.ts';
import { withTimers } from './support/timers.ts';

const smallBudget = (): MemoryBudget => new MemoryBudget(4 * 64 * 1024);
const FILLER = '.'.repeat(50);

const DROP_NEWEST: BenchOptions = { state: 'away', budget: smallBudget(), overflow: { policy: 'drop-newest', blockMs: 0 } };

/** Of the records that the next process would find: how many lines, if that is known. */
function kept(bench: SessionBench): readonly (number | undefined)[] {
  return bench.gaps.map(({ lines }) => lines);
}

test.serial('drop-newest: while lines are lost the next process is told so once a second, and when the second is over, of how many', withTimers(withBench(DROP_NEWEST, async (t, bench) => {
  await bench.output(numbered(0, 20_000, FILLER));
  t.deepEqual(kept(bench), [undefined]);
  const { gapSaves } = bench;
  await bench.output(numbered(20_000, 30_000, FILLER));
  t.is(bench.gapSaves, gapSaves, 'ten thousand lines cost no write');
  mock.timers.tick(1000);
  t.deepEqual(kept(bench), [dropped(bench)]);
  const before = dropped(bench);
  await bench.output(numbered(30_000, 30_010));
  t.deepEqual(kept(bench), [before, undefined]);
})));

test('drop-newest: a process that ends in order knows how many lines it has lost', withBench({ ...DROP_NEWEST, budget: smallBudget() }, async (t, bench) => {
  await bench.output(numbered(0, 20_000, FILLER));
  const lost = dropped(bench);
  bench.hangUp();
  await bench.until('the end of the FIFO', () => bench.session.status().state === 'stopping');
  t.deepEqual(kept(bench), [lost]);
}));

function gapsOf(bench: SessionBench): string[] {
  return bench.transport.confirmed.filter((line) => line.startsWith('<gap'));
}

test('drop-oldest: the record of the lost lines stands in their place, once, and tells how many',
  withBench({ state: 'away', budget: smallBudget() }, async (t, bench) => {
  await bench.output(numbered(0, 20_000, FILLER));
  t.is(bench.gaps.length, 1, 'losses that touch are one');
  const [gap] = bench.gaps;
  t.is(gap?.lines, dropped(bench));
  t.is(gap?.reason, 'overflow');
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.until('all is confirmed', () => bench.account.linesConfirmed + dropped(bench) === 20_000);
  await bench.until('the record is confirmed', () => bench.gaps.length === 0);
  t.deepEqual(bench.transport.confirmed.slice(0, 1), gapsOf(bench), 'before the lines that were kept');
}));

test('drop-newest: what came first is kept, what comes later is counted, and the record stands behind what was kept',
  withBench({ state: 'away', budget: smallBudget(), overflow: { policy: 'drop-newest', blockMs: 0 } }, async (t, bench) => {
  await bench.output(numbered(0, 20_000, FILLER));
  t.true(dropped(bench) > 10_000);
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.until('all is confirmed', () => bench.account.linesConfirmed + dropped(bench) === 20_000 && bench.gaps.length === 0);
  const got = numbers(bench.transport.confirmed);
  t.deepEqual(got, Array.from({ length: got.length }, (_, i) => i));
  t.is(bench.transport.confirmed.at(-1), gapsOf(bench).at(-1));
  await bench.output(numbered(20_000, 20_010));
  await bench.until('the new lines', () => bench.transport.confirmed.includes('20009'));
}));

test('block: the FIFO is left alone while there is no room, and read again when there is',
  withBench({ state: 'away', budget: smallBudget(), overflow: { policy: 'block', blockMs: 30_000 } }, async (t, bench) => {
  const written = bench.output(numbered(0, 20_000, FILLER));
  await bench.until('there is no more room', () => bench.budget.used + 64 * 1024 > bench.budget.limit);
  bench.transport.isPrompt = true;
  bench.transport.open();
  await written;
  await bench.until('all is confirmed', () => bench.account.linesConfirmed === 20_000);
  t.is(dropped(bench), 0);
}));

test('block: after the time that it may wait a container goes on, and the oldest lines are dropped',
  withBench({ state: 'away', budget: smallBudget(), overflow: { policy: 'block', blockMs: 60 } }, async (t, bench) => {
  await bench.output(numbered(0, 20_000, FILLER));
  t.true(dropped(bench) > 10_000);
  t.is(bench.gaps.reduce((sum, { lines = 0 }) => sum + lines, 0), dropped(bench));
}));

test('a loss whose record was on its way when the connection broke is told again', withBench({ state: 'slow', budget: smallBudget() }, async (t, bench) => {
  bench.transport.block();
  await bench.output(numbered(0, 10_000, FILLER));
  bench.transport.open();
  t.is(bench.gaps.length, 1);
  bench.transport.lose();
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.until('the record is confirmed', () => bench.gaps.length === 0);
  t.is(gapsOf(bench).length, 1);
}));
