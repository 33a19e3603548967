/** One output: what is sent again after a loss, and how it goes over from one way to another. */
import { mock } from 'node:test';
import test from 'ava';
import { framesOf, numbered, numbers, withBench } from './stages/session-bench.ts';
import { withTimers } from './support/timers.ts';

const PIECE = 16 * 1024;
const count = (to: number, from = 0): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test.serial('a way that does not confirm is left after five seconds, and its lines go the new way', withTimers(withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  const old = bench.transport;
  bench.change(bench.way('main', 'elsewhere', 'prompt'));
  mock.timers.tick(4999);
  t.false(old.isClosed);
  mock.timers.tick(1);
  await bench.until('the lines', () => bench.account.linesConfirmed === 10);
  t.true(old.isClosed);
  t.is(bench.transport.confirmed.length, 10);
})));

test('what was not confirmed is published again after a loss, and nothing before it', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.confirm();
  await bench.output(numbered(10, 20));
  bench.transport.lose();
  await bench.output(numbered(20, 30));
  bench.transport.open();
  await bench.until('the rest', () => bench.transport.commits.flatMap(({ lines }) => lines).length === 20);
  bench.transport.confirm();
  t.deepEqual(numbers(bench.transport.confirmed), Array.from({ length: 30 }, (_, i) => i));
  t.is(bench.account.linesConfirmed, 30);
}));

test('a loss in the middle of a frame and of a split line changes nothing of the lines', withBench({ state: 'slow' }, async (t, bench) => {
  const long = 'l'.repeat(3 * PIECE + 7);
  const frames = framesOf(`first\n${long}\nlast\n`);
  for (const at of [3, 40, 16_000, 20_000, 40_000, 52_000]) {
    await bench.write(frames.subarray(bench.written, at));
    bench.transport.lose();
    bench.transport.open();
  }
  await bench.write(frames.subarray(bench.written));
  bench.transport.confirm();
  t.deepEqual(bench.transport.confirmed, ['first', long, 'last']);
  t.is(bench.account.bytesSkipped, 0);
}));

test('while the window is full the lines wait, and go on when there is room', withBench({ state: 'slow' }, async (t, bench) => {
  bench.transport.room = 1;
  await bench.output(numbered(0, 4));
  bench.transport.block();
  await bench.output(numbered(4, 100));
  t.true(bench.session.unread > 0);
  bench.transport.isPrompt = true;
  bench.transport.room = Number.POSITIVE_INFINITY;
  bench.transport.confirm();
  bench.transport.open();
  await bench.until('all lines', () => bench.account.linesConfirmed === 100);
  t.is(bench.session.unread, 0);
}));

test('garbage is skipped and counted once, although it is read twice', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.write(Buffer.concat([framesOf('a\n'), Buffer.alloc(50, 0xff), framesOf('b\n')]));
  bench.transport.lose();
  bench.transport.open();
  bench.transport.confirm();
  t.deepEqual(bench.transport.confirmed, ['a', 'b']);
  t.deepEqual([bench.account.bytesSkipped, bench.account.placesSkipped], [50, 1]);
}));

test('a changed way is taken between two lines, when the old one has confirmed what it was given', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  const old = bench.transport;
  bench.change(bench.way('main', 'elsewhere', 'prompt'));
  await bench.output(numbered(10, 20));
  t.is(bench.transport, old, 'it waits');
  old.confirm();
  t.true(old.isClosed);
  await bench.until('the rest', () => bench.account.linesConfirmed === 20);
  t.deepEqual(numbers(old.confirmed), count(10));
  t.deepEqual(numbers(bench.transport.confirmed), count(20, 10));
}));

test('a changed way is taken at once when nothing is under way', withBench({}, async (t, bench) => {
  await bench.output(numbered(0, 10));
  await bench.until('the first', () => bench.account.linesConfirmed === 10);
  const old = bench.transport;
  bench.change(bench.way('main', 'elsewhere'));
  t.true(old.isClosed);
  t.not(bench.transport, old);
}));

test('the same way is kept', withBench({}, async (t, bench) => {
  const { transport } = bench;
  bench.change(bench.way());
  t.is(bench.transport, transport);
  t.false(transport.isClosed);
}));

test('a change that is taken back before it came about changes nothing', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  const { transport } = bench;
  bench.change(bench.way('main', 'elsewhere'));
  bench.change(bench.way());
  await bench.output(numbered(10, 20));
  transport.confirm();
  t.deepEqual(numbers(transport.confirmed), count(20));
}));

test('a way that is away is left at once, and its lines go the new way', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.confirm();
  await bench.output(numbered(10, 20));
  bench.transport.isAway = true;
  bench.change(bench.way('main', 'elsewhere', 'prompt'));
  await bench.until('the rest', () => bench.account.linesConfirmed === 20);
  t.deepEqual(numbers(bench.confirmedOf('main')), count(20));
}));

test('a way that is lost while it is being left is not waited for', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  const old = bench.transport;
  bench.change(bench.way('main', 'elsewhere', 'prompt'));
  old.lose();
  await bench.until('the lines', () => bench.account.linesConfirmed === 10);
  t.deepEqual([old.confirmed.length, bench.transport.confirmed.length], [0, 10]);
}));

test('a change in the middle of a frame and of a split line changes nothing of the lines', withBench({}, async (t, bench) => {
  const long = 'l'.repeat(3 * PIECE + 7);
  const frames = framesOf(`first\n${long}\nlast\n`);
  for (const [i, at] of [3, 40, 16_000, 20_000, 40_000, 52_000].entries()) {
    await bench.write(frames.subarray(bench.written, at));
    bench.change(bench.way('main', `subject-${i}`));
    await bench.until('the change', () => bench.session.status().outputs[0]?.subject === `subject-${i}` && !bench.transport.isClosed);
  }
  await bench.write(frames.subarray(bench.written));
  await bench.until('the lines', () => bench.account.linesConfirmed === 3);
  t.deepEqual(bench.confirmedOf('main'), ['first', long, 'last']);
  t.is(bench.account.bytesSkipped, 0);
}));
