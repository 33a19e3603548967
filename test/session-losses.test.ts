/** What a session gives up, and that its books tell of every line: full memory, giving up, what the disk and a kill took. */
import test from 'ava';
import type { JournalOwner, JournalRun, Range } from '../src/core/journal.ts';
import { MemoryBudget, MemoryJournal } from '../src/journal/memory.ts';
import { dropped, framesOf, numbered, numbers, SessionBench, withBench } from './stages/session-bench.ts';

const NEVER = new AbortController().signal;

/** Small, so that it is soon used up: four chunks. */
const smallBudget = (): MemoryBudget => new MemoryBudget(4 * 64 * 1024);

test('while NATS is away and the memory is full the oldest lines are dropped, and each is counted',
  withBench({ state: 'away', budget: smallBudget() }, async (t, bench) => {
  await bench.output(numbered(0, 20_000, '.'.repeat(50)));
  t.true(bench.budget.used <= bench.budget.limit, `${bench.budget.used} bytes`);
  t.true(bench.account.linesDropped.overflow > 0);
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.until('the rest', () => bench.account.linesConfirmed + dropped(bench) >= 20_000);
  t.is(bench.account.linesConfirmed + dropped(bench), 20_000);
  const got = numbers(bench.transport.confirmed);
  t.is(got.length, bench.account.linesConfirmed);
  t.deepEqual(got, Array.from({ length: got.length }, (_, i) => 20_000 - got.length + i), 'the youngest ones came, without a gap');
  t.is(bench.account.bytesSkipped, 0);
}));

test('lines on their way are not dropped for want of memory: the gap is behind them',
  withBench({ state: 'slow', budget: smallBudget() }, async (t, bench) => {
  await bench.output(numbered(0, 1000, '.'.repeat(50)));
  bench.transport.block();
  await bench.output(numbered(1000, 20_000, '.'.repeat(50)));
  t.true(dropped(bench) > 0);
  // What was on its way is lost and read again; the gap stays a gap.
  bench.transport.lose();
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.until('the rest', () => bench.account.linesConfirmed + dropped(bench) >= 20_000);
  const got = numbers(bench.transport.confirmed);
  t.deepEqual(got.slice(0, 1000), Array.from({ length: 1000 }, (_, i) => i));
  t.true(got.slice(1000).every((number, i, rest) => number === 20_000 - rest.length + i));
  t.is(bench.account.linesConfirmed + dropped(bench), 20_000);
  t.is(bench.account.bytesSkipped, 0);
}));

test('confirmations that come after a drop do not bring back what was dropped',
  withBench({ state: 'slow', budget: smallBudget() }, async (t, bench) => {
  await bench.output(numbered(0, 100));
  bench.transport.block();
  await bench.output(numbered(100, 20_000, '.'.repeat(50)));
  bench.transport.isPrompt = true;
  bench.transport.confirm();
  bench.transport.open();
  await bench.until('the rest', () => bench.account.linesConfirmed + dropped(bench) >= 20_000);
  t.is(bench.account.linesConfirmed + dropped(bench), 20_000);
  t.is(new Set(bench.transport.confirmed).size, bench.transport.confirmed.length);
}));

test('split lines that are dropped count once each', withBench({ state: 'away', budget: smallBudget() }, async (t, bench) => {
  await bench.output(`${'x'.repeat(20_000)}\n`.repeat(100));
  bench.transport.isPrompt = true;
  bench.transport.open();
  bench.hangUp();
  await bench.untilEnded();
  t.true(dropped(bench) > 0);
  t.is(bench.account.linesConfirmed + dropped(bench), 100);
}));

test('a quiet session keeps its lines while a busy one drops', async (t) => {
  const budget = smallBudget();
  const quiet = new SessionBench({ state: 'away', budget });
  const busy = new SessionBench({ state: 'away', budget });
  try {
    await quiet.output(numbered(0, 20));
    await busy.output(numbered(0, 20_000, '.'.repeat(50)));
    await quiet.output(numbered(20, 40));
    t.true(dropped(busy) > 0);
    t.is(dropped(quiet), 0);
  } finally {
    await quiet.remove();
    await busy.remove();
  }
  t.is(budget.used, 0);
});

test('a session that is asked for memory in the middle of its only chunk gives it up, once',
  withBench({ state: 'slow', budget: new MemoryBudget(4 * 1024) }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.block();
  // Read, not published, and followed by half a frame, all in the chunk of the lines that are on their way.
  await bench.output(numbered(10, 20));
  await bench.write(framesOf('cut\n').subarray(0, 9));
  t.notThrows(() => bench.budget.give(bench.budget.take(4 * 1024)));
  t.is(bench.account.linesDropped.overflow, 10);
  bench.transport.isPrompt = true;
  bench.transport.confirm();
  bench.transport.open();
  await bench.write(framesOf('cut\n').subarray(9));
  await bench.until('the last line', () => bench.transport.confirmed.includes('cut'));
  t.deepEqual(bench.transport.confirmed, [...numbered(0, 10).trimEnd().split('\n'), '<gap 350>', 'cut']);
}));

test('who has given up drops what comes, counts it, and delivers again when it is asked to',
  withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.confirm();
  await bench.output(numbered(10, 20));
  bench.transport.giveUp();
  t.is(bench.account.linesDropped['gave-up'], 10);
  await bench.output(numbered(20, 30));
  t.is(bench.account.linesDropped['gave-up'], 20);
  t.is(bench.budget.used, 0);
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.output(numbered(30, 40));
  await bench.until('the new lines', () => bench.account.linesConfirmed === 20);
  t.deepEqual(numbers(bench.transport.confirmed).slice(10), [30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
}));

test('a frame that is cut when NATS is given up is not lost with the others', withBench({ state: 'slow' }, async (t, bench) => {
  const frame = framesOf('the cut one\n');
  await bench.write(Buffer.concat([framesOf('whole\n'), frame.subarray(0, 15)]));
  bench.transport.giveUp();
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.write(frame.subarray(15));
  await bench.until('the line', () => bench.transport.confirmed.length > 0);
  t.deepEqual(bench.transport.confirmed, ['<gap 21>', 'the cut one']);
  t.is(bench.account.linesDropped['gave-up'], 1);
}));

test('a container that ends when NATS was given up ends its session', withBench({ state: 'away' }, async (t, bench) => {
  bench.transport.giveUp();
  bench.leave(framesOf(numbered(0, 10)));
  bench.hangUp();
  await bench.untilEnded();
  t.is(bench.account.linesDropped['gave-up'], 10);
}));

test('lines that were dropped already are neither dropped nor skipped again at the end',
  withBench({ state: 'slow', budget: smallBudget() }, async (t, bench) => {
  await bench.output(numbered(0, 100));
  bench.transport.block();
  await bench.output(numbered(100, 10_000, '.'.repeat(50)));
  bench.session.shed(Number.POSITIVE_INFINITY);
  t.is(dropped(bench), 9_900);
  bench.transport.lose();
  await bench.session.shutDown(AbortSignal.abort());
  t.is(dropped(bench), 10_000);
  t.is(bench.account.linesDropped.shutdown, 100);
  t.is(bench.account.bytesSkipped, 0);
}));

test('after stop a session whose last lines were dropped is not waited for', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.block();
  await bench.output(numbered(10, 20));
  const stopped = bench.session.stop(NEVER);
  bench.session.shed(Number.POSITIVE_INFINITY);
  bench.transport.confirm();
  bench.transport.open();
  bench.transport.confirm();
  await stopped;
  t.is(bench.account.linesConfirmed + dropped(bench), 20);
}));

/** [kind of loss, its place]. */
function places(bench: SessionBench): readonly (readonly [string, number])[] {
  return bench.gaps.map(({ reason, end }) => [reason, end] as const);
}

test('after a kill with lines in memory a record says that lines may be missing, before the first line',
  withBench({ state: 'away', isAfterKill: true }, async (t, bench) => {
  const rest = framesOf('whose beginning went with the process\n').subarray(20);
  await bench.write(Buffer.concat([rest, framesOf('new\n')]));
  t.deepEqual(places(bench), [['crash', 0]]);
  t.deepEqual([bench.gaps[0]?.lines, bench.gaps[0]?.bytes, bench.gaps[0]?.from], [undefined, undefined, undefined]);
  bench.transport.isPrompt = true;
  bench.transport.open();
  await bench.until('the line', () => bench.account.linesConfirmed === 1);
  t.deepEqual(bench.transport.confirmed, ['<gap 0>', 'new']);
  t.is(bench.account.crashes, 1);
  t.true(bench.account.hasLosses);
}));

test('a kill before the record of the last one was confirmed makes no second one', withBench({
  state: 'away', isAfterKill: true, gaps: [{ reason: 'crash', end: 0, to: { seconds: 1, nanos: 0 } }],
}, async (t, bench) => {
  await bench.output('one\n');
  t.deepEqual(places(bench), [['crash', 0]]);
}));

test('a record of the process before is due at once where its place is gone with that process', withBench({
  gaps: [{ reason: 'shutdown', end: 5_000_000, lines: 7, bytes: 70, from: { seconds: 1, nanos: 0 }, to: { seconds: 2, nanos: 0 } }],
}, async (t, bench) => {
  await bench.output('one\n');
  await bench.until('the line', () => bench.account.linesConfirmed === 1);
  t.deepEqual(bench.transport.confirmed, ['<gap 0>', 'one']);
  t.deepEqual(bench.gaps, []);
}));

/** Does not give [from, to) back. */
class BadDisk extends MemoryJournal {
  readonly #owner: JournalOwner;
  bad: Range = { from: 0, to: 0 };

  constructor(budget: MemoryBudget, owner: JournalOwner) {
    super(budget, owner);
    this.#owner = owner;
  }

  override read(offset: number): JournalRun | undefined {
    const run = super.read(offset);
    const { from, to } = this.bad;
    if (run === undefined || from === to || run.offset + run.bytes.length <= from) return run;
    if (run.offset < from) return { offset: run.offset, bytes: run.bytes.subarray(0, from - run.offset) };
    this.bad = { from: 0, to: 0 };
    this.#owner.unreadable(from, to);
    this.discard(from, to);
    return super.read(offset);
  }
}

test('lines that the disk does not give back leave a record in their place, and the frames behind them are found', async (t) => {
  let disk: BadDisk | undefined;
  const budget = new MemoryBudget(1024 * 1024);
  const bench = new SessionBench({ state: 'away', budget, openJournal: (owner) => disk = new BadDisk(budget, owner) });
  try {
    await bench.output('first\n');
    const from = bench.written + 10;
    await bench.output('cut at its beginning\nwhole\ncut at its end\n');
    const to = bench.written - 5;
    await bench.output('last\n');
    (disk as unknown as BadDisk).bad = { from, to };
    bench.transport.isPrompt = true;
    bench.transport.open();
    await bench.until('the last line', () => bench.transport.confirmed.includes('last'));
    t.deepEqual(bench.transport.confirmed, ['first', `<gap ${to}>`, 'last']);
    t.is(bench.account.bytesUnreadable, to - from);
    t.is(bench.account.bytesSkipped, 10 + 5, 'what is left of the two lines that were cut');
    t.deepEqual(bench.gaps, []);
  } finally {
    await bench.remove();
  }
});
