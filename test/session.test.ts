import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Account } from '../src/core/account.ts';
import { Log } from '../src/core/log.ts';
import { MemoryBudget, MemoryJournal } from '../src/journal/memory.ts';
import { Session, type SessionSettings } from '../src/session.ts';
import { HeldBytes } from '../src/stages/reassemble.ts';
import { makeWay } from './support/way.ts';
import { framesOf, numbered, numbers, withBench } from './stages/session-bench.ts';

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
  t.deepEqual(bench.account.summary(), { bytes_read: 0, lines_confirmed: 0 });
}));

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
  t.is(bench.account.bytesSkipped, 50);
}));

test('a FIFO is closed when what comes behind it cannot be opened', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nld-session-'));
  const file = join(folder, 'fifo');
  execFileSync('mkfifo', [file]);
  const writer = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  writeSync(writer, framesOf('one\n'));
  const budget = new MemoryBudget(1024);
  const settings: SessionSettings = {
    file, openJournal: (owner) => new MemoryJournal(budget, owner), mayHaveSeam: false, mayHaveLost: false, isAfterKill: false, held: new HeldBytes(1024), openAccount: () => new Account(new Log({ write: () => true }), 'web'),
    overflow: { policy: 'drop-oldest', blockMs: 0 }, gaps: {}, saveGaps: () => undefined, removed: () => t.fail(),
    ways: [makeWay(() => t.fail() as never)],
    ended: () => t.fail('it never began'),
  };
  const broken = (): never => {
    throw new Error('broken');
  };
  try {
    t.throws(() => new Session({ ...settings, openJournal: broken }), { message: 'broken' });
    t.throws(() => new Session({ ...settings, ways: [makeWay(broken)] }), { message: 'broken' });
    // The first look at a FIFO comes a turn later: it must find nobody.
    await turn();
    await turn();
    t.is(budget.holders.size, 0);
    t.is(readSync(writer, Buffer.alloc(100)), framesOf('one\n').length, 'the line is still in the FIFO');
  } finally {
    closeSync(writer);
    rmSync(folder, { recursive: true });
  }
});

test('a FIFO that cannot be opened is refused before anything else is begun', (t) => {
  const budget = new MemoryBudget(1024);
  t.throws(() => new Session({
    file: '/nowhere', openJournal: (owner) => new MemoryJournal(budget, owner), mayHaveSeam: false, mayHaveLost: false, isAfterKill: false, held: new HeldBytes(1024), openAccount: () => new Account(new Log({ write: () => true }), 'web'),
    overflow: { policy: 'drop-oldest', blockMs: 0 }, gaps: {}, saveGaps: () => undefined, removed: () => t.fail(),
    ways: [makeWay(() => t.fail('a connection was opened') as never)],
    ended: () => t.fail('it never began'),
  }), { message: /log FIFO "\/nowhere" cannot be opened/ });
  t.is(budget.holders.size, 0);
});
