/** What a session does by the clock. Timers are replaced for a whole process: one test after the other. */
import { mock } from 'node:test';
import test, { type ExecutionContext } from 'ava';
import { framesOf, numbered, withBench } from './stages/session-bench.ts';

const NEVER = new AbortController().signal;
const PIECE = 16 * 1024;

function withTimers(run: (t: ExecutionContext) => Promise<void>) {
  return async (t: ExecutionContext): Promise<void> => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await run(t);
    } finally {
      mock.timers.reset();
    }
  };
}

test.serial('a line without its end is published after five seconds, as a piece', withTimers(withBench({}, async (t, bench) => {
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

test.serial('an engine that does not close the FIFO after StopLogging is not waited for longer than five seconds',
  withTimers(withBench({}, async (t, bench) => {
  await bench.output('line\n');
  await bench.session.stop(NEVER);
  t.false(bench.hasEnded);
  mock.timers.tick(5000);
  await bench.untilEnded();
  t.deepEqual(bench.transport.confirmed, ['line']);
})));

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

test.serial('an output that is no more has five seconds to confirm, then its lines are counted', withTimers(withBench({ further: ['audit'], state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.confirm();
  bench.change(bench.way());
  mock.timers.tick(5000);
  t.deepEqual(bench.removed.map(({ linesDropped }) => linesDropped.removed), [10]);
  t.true(bench.transportOf('audit').isClosed);
  t.is(bench.budget.used, 0);
})));
