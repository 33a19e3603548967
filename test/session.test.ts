/** What a session does from its first line to its end: of the FIFO, of the container, of the process. */
import test from 'ava';
import { MemoryBudget, MemoryJournal } from '../src/journal/memory.ts';
import { framesOf, numbered, numbers, withBench, type BenchOptions } from './stages/session-bench.ts';

const NEVER = new AbortController().signal;
const PIECE = 16 * 1024;

test('what the container writes is published in order and confirmed', withBench({}, async (t, bench) => {
  await bench.output(numbered(0, 5000));
  await bench.until('all lines', () => bench.account.linesConfirmed === 5000);
  t.deepEqual(numbers(bench.transport.confirmed), Array.from({ length: 5000 }, (_, i) => i));
  t.is(bench.budget.used, 0);
}));

test('stop drains what is already in the FIFO and resolves when NATS has it', withBench({}, async (t, bench) => {
  bench.leave(framesOf(numbered(0, 1500)));
  await bench.session.stop(NEVER);
  t.is(bench.account.linesConfirmed, 1500);
  t.false(bench.hasEnded, 'the engine may still close its end');
  bench.hangUp();
  await bench.untilEnded();
  t.deepEqual(bench.ends, [true]);
}));

test('S1: a line that was held or cut off is published at stop, and half a frame is counted at the end', withBench({}, async (t, bench) => {
  const last = framesOf('never whole\n');
  bench.leave(Buffer.concat([framesOf('a\n' + 'x'.repeat(PIECE)), last.subarray(0, 10)]));
  const stopped = bench.session.stop(AbortSignal.timeout(50));
  await bench.until('both lines', () => bench.account.linesConfirmed === 2);
  t.is(bench.transport.confirmed[1], 'x'.repeat(PIECE));
  await stopped;
  bench.hangUp();
  await bench.untilEnded();
  t.is(bench.account.bytesSkipped, 10);
}));

test('stop answers in time when NATS does not', withBench({ state: 'away' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  await bench.session.stop(AbortSignal.timeout(30));
  t.is(bench.account.linesConfirmed, 0);
  bench.hangUp();
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.untilEnded();
  t.is(bench.account.linesConfirmed, 10, 'delivery went on behind the answer');
}));

test('stop twice and at once is safe', withBench({}, async (t, bench) => {
  await bench.output(numbered(0, 10));
  await Promise.all([bench.session.stop(NEVER), bench.session.stop(NEVER)]);
  bench.hangUp();
  await bench.untilEnded();
  await bench.session.stop(NEVER);
  t.is(bench.account.linesConfirmed, 10);
}));

test('the end of the FIFO ends the session without StopLogging', withBench({}, async (t, bench) => {
  bench.leave(framesOf(numbered(0, 100) + 'no newline'));
  bench.hangUp();
  await bench.untilEnded();
  t.is(bench.account.linesConfirmed, 101);
  t.deepEqual(bench.ends, [true]);
}));

test('StopLogging may come after the end of the FIFO', withBench({ state: 'slow' }, async (t, bench) => {
  bench.leave(framesOf(numbered(0, 3)));
  bench.hangUp();
  await bench.until('the lines', () => bench.account.bytesRead === bench.written);
  const stopped = bench.session.stop(NEVER);
  bench.transport.isPrompt = true;
  await bench.until('the commits', () => bench.transport.commits.length > 0);
  bench.transport.confirm();
  await stopped;
  await bench.untilEnded();
  t.is(bench.account.linesConfirmed, 3);
}));

test('a session without a line ends as well', withBench({ state: 'away' }, async (t, bench) => {
  await bench.session.stop(NEVER);
  bench.hangUp();
  await bench.untilEnded();
  t.deepEqual(bench.account.summary(), { bytes_read: 0, lines_read: 0, lines_confirmed: 0 });
}));

test('shutDown delivers what is in the FIFO', withBench({}, async (t, bench) => {
  bench.leave(framesOf(numbered(0, 1000)));
  await bench.session.shutDown(NEVER);
  t.is(bench.account.linesConfirmed, 1000);
  t.deepEqual(bench.ends, [false], 'the container goes on: its session is not over');
}));

/** What it keeps is there for the next process. */
class KeptJournal extends MemoryJournal {
  override get volatileBytes(): number {
    return 0;
  }

  override async close(): Promise<void> {
    // It goes on.
  }
}

/** A journal that outlives the session. */
function keeping(): BenchOptions & { readonly journal: () => KeptJournal } {
  const budget = new MemoryBudget(64 * 1024 * 1024);
  let kept: KeptJournal | undefined;
  return {
    budget,
    openJournal: (owner) => kept = new KeptJournal(budget, owner),
    journal: () => {
      if (kept === undefined) throw new Error('the session opened no journal');
      return kept;
    },
  };
}

for (const [what, bytes] of [
  ['a frame that is not whole', framesOf('the cut one\n').subarray(0, 15)],
  ['a split line whose end is missing', framesOf('x'.repeat(16 * 1024))],
] as const) {
  const kept = keeping();
  test(`shutDown leaves ${what} to the next process, and does not wait for it`, withBench(kept, async (t, bench) => {
    const whole = framesOf('whole\n');
    await bench.write(Buffer.concat([whole, bytes]));
    await bench.session.shutDown(NEVER);
    t.deepEqual([kept.journal().watermark, kept.journal().head], [whole.length, whole.length + bytes.length]);
    t.deepEqual([bench.account.linesConfirmed, bench.account.bytesSkipped, bench.ends], [1, 0, [false]]);
    kept.journal().remove();
  }));
}

const given = keeping();
test('shutDown leaves a frame that is not whole to the next process where NATS is given up, too', withBench({ ...given, state: 'slow' }, async (t, bench) => {
  const whole = framesOf('whole\n');
  await bench.write(Buffer.concat([whole, framesOf('the cut one\n').subarray(0, 15)]));
  bench.transport.giveUp();
  await bench.session.shutDown(AbortSignal.abort());
  t.is(given.journal().watermark, whole.length);
  t.deepEqual([bench.account.linesDropped['gave-up'], bench.account.bytesSkipped], [1, 0]);
  given.journal().remove();
}));

test('shutDown counts as lost what NATS did not confirm in time', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.confirm();
  await bench.output(numbered(10, 30));
  await bench.session.shutDown(AbortSignal.timeout(20));
  t.is(bench.account.linesDropped.shutdown, 20);
  t.true(bench.hasEnded);
}));

test('shutDown while NATS is away leaves in the FIFO what is there', withBench({ state: 'away' }, async (t, bench) => {
  await bench.output(numbered(0, 5));
  bench.leave(framesOf(numbered(5, 10)));
  await bench.session.shutDown(AbortSignal.abort());
  t.true(bench.account.linesDropped.shutdown >= 5);
  t.is(bench.account.linesConfirmed, 0);
}));
