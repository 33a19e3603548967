/** What one way does with the lines that the engine split, by the clock. */
import { mock } from 'node:test';
import test from 'ava';
import { framesOf, numbered, withBench } from './stages/session-bench.ts';
import { withTimers } from './support/timers.ts';

const PIECE = 16 * 1024;

test.serial('S4: a line without its end is published after five seconds, as a piece', withTimers(withBench({}, async (t, bench) => {
  await bench.output(numbered(0, 2) + 'x'.repeat(PIECE));
  await bench.until('the lines before', () => bench.transport.confirmed.length === 2);
  mock.timers.tick(4999);
  t.is(bench.transport.commits.flatMap(({ lines }) => lines).length, 0);
  mock.timers.tick(1);
  await bench.until('the piece', () => bench.transport.confirmed.length === 3);
  t.is(bench.transport.confirmed[2], `[1 false] ${'x'.repeat(PIECE)}`);
  t.is(bench.budget.used, 0, 'nothing behind it is held back');
})));

test.serial('each split line has five seconds of its own', withTimers(withBench({}, async (t, bench) => {
  const first = framesOf(`${'y'.repeat(PIECE)}\n`);
  const both = Buffer.concat([first, framesOf(`${'z'.repeat(PIECE)}\n`)]);
  const firstPiece = 4 + first.readUInt32BE();
  await bench.write(both.subarray(0, firstPiece));
  mock.timers.tick(4000);
  // A read that ends one line and begins another.
  await bench.write(both.subarray(firstPiece, first.length + firstPiece));
  mock.timers.tick(2000);
  await bench.write(both.subarray(first.length + firstPiece));
  await bench.until('the second line', () => bench.account.bytesRead === both.length && bench.budget.used === 0);
  t.deepEqual(bench.transport.confirmed.map(({ length }) => length), [PIECE, PIECE], 'no line was cut: each came whole within its time');
})));

test.serial('while NATS is away a held line waits, and is put together when it is back',
  withTimers(withBench({ state: 'slow' }, async (t, bench) => {
  const frames = framesOf('z'.repeat(PIECE + 5) + '\n');
  await bench.write(frames.subarray(0, 16_500));
  bench.transport.lose();
  mock.timers.tick(20_000);
  await bench.write(frames.subarray(16_500));
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.until('the line', () => bench.transport.confirmed.length > 0);
  t.deepEqual(bench.transport.confirmed, ['z'.repeat(PIECE + 5)]);
})));

test.serial('a line that was cut for want of time is cut there again when it is sent again: its pieces are the same, and have the same numbers',
  withTimers(withBench({ state: 'slow' }, async (t, bench) => {
  const line = framesOf(`${'z'.repeat(PIECE)}rest\n`);
  await bench.write(Buffer.concat([framesOf('before\n'), line.subarray(0, 16_500)]));
  mock.timers.tick(5000);
  await bench.write(Buffer.concat([line.subarray(16_500), framesOf('after\n')]));
  bench.transport.open();
  const sent = bench.transport.numbered.splice(0);
  t.deepEqual(sent.map((text) => text.replace(/z+/u, 'z')), ['1 before', '2 [1 false] z', '3 [2 true] rest', '4 after']);
  bench.transport.lose();
  bench.transport.open();
  t.deepEqual(bench.transport.numbered, sent);
  bench.transport.confirm();
})));
