/** What a session does when there is no room, and what it tells those who read its messages. */
import { mock } from 'node:test';
import test from 'ava';
import { MemoryBudget } from '../src/journal/memory.ts';
import { dropped, framesOf, numbered, numbers, withBench, type BenchOptions, type SessionBench } from './stages/session-bench.ts';
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

/** All of the same size. */
const FRAMES = framesOf(numbered(10_000, 14_000, FILLER));
const FRAME = FRAMES.length / 4000;
/** The journal has room for a read of the FIFO then, and for no second one. */
const NEARLY_FULL = 3 * 64 * 1024 - 100;

for (const [kept, rest, lost] of [[20, 0, 1], [20, 1, 2], [20, 3, 2], [20, 8, 2], [20, 9, 2], [3, 8, 2], [0, 8, 1], [0, 1, 1]] as const) {
  test(`drop-newest: with ${kept} bytes of a line in the journal, its rest and ${rest} bytes of the next one make ${lost}`,
    withBench({ ...DROP_NEWEST, budget: smallBudget() }, async (t, bench) => {
    const full = Math.ceil((NEARLY_FULL + 1000) / FRAME) * FRAME;
    await bench.write(FRAMES.subarray(0, NEARLY_FULL));
    await bench.write(FRAMES.subarray(NEARLY_FULL, full + kept));
    t.is(dropped(bench), 0);
    const end = full + (kept > 0 ? FRAME : 0) + rest;
    await bench.write(FRAMES.subarray(full + kept, end));
    t.is(dropped(bench), lost);
    bench.transport.isPrompt = true;
    bench.transport.open();
    await bench.until('there is room', () => bench.account.linesConfirmed === full / FRAME);
    await bench.write(FRAMES.subarray(end, end + 5 * FRAME));
    await bench.until('the next lines', () => bench.account.linesConfirmed >= full / FRAME + 4);
    t.is(dropped(bench), lost);
    await bench.until('the record is confirmed', () => bench.gaps.length === 0);
    t.is(bench.account.linesConfirmed, full / FRAME + (rest === 0 ? 5 : 4));
  }));
}

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
