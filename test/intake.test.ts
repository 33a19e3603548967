/** How a session comes to its FIFO, and how it leaves it. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Account } from '../src/core/account.ts';
import { Log } from '../src/core/log.ts';
import { Fifo } from '../src/docker/fifo.ts';
import { MemoryBudget, MemoryJournal } from '../src/journal/memory.ts';
import { Session, type SessionSettings } from '../src/session.ts';
import { HeldBytes } from '../src/stages/reassemble.ts';
import { makeWay } from './support/way.ts';
import { framesOf, withBench } from './stages/session-bench.ts';
import { withTimers } from './support/timers.ts';

const NEVER = new AbortController().signal;

test.serial('an engine that does not close the FIFO after StopLogging is not waited for longer than five seconds',
  withTimers(withBench({}, async (t, bench) => {
  await bench.output('line\n');
  await bench.session.stop(NEVER);
  t.false(bench.hasEnded);
  mock.timers.tick(5000);
  await bench.untilEnded();
  t.deepEqual(bench.transport.confirmed, ['line']);
})));

test('a FIFO is closed when what comes behind it cannot be opened', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nld-session-'));
  const file = join(folder, 'fifo');
  execFileSync('mkfifo', [file]);
  const writer = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  writeSync(writer, framesOf('one\n'));
  const budget = new MemoryBudget(1024);
  const settings: SessionSettings = {
    openFifo: (readable) => new Fifo(file, readable), seams: [], saveSeams: () => undefined, openJournal: (owner) => new MemoryJournal(budget, owner), mayHaveSeam: false, mayHaveLost: false, isAfterKill: false, held: new HeldBytes(1024), openAccount: () => new Account(new Log({ write: () => true }), 'web'),
    overflow: { policy: 'drop-oldest', blockMs: 0 }, gaps: {}, leaving: [], saveLeaving: () => undefined, saveGaps: () => undefined, removed: () => t.fail(),
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
    openFifo: (readable) => new Fifo('/nowhere', readable), seams: [], saveSeams: () => undefined, openJournal: (owner) => new MemoryJournal(budget, owner), mayHaveSeam: false, mayHaveLost: false, isAfterKill: false, held: new HeldBytes(1024), openAccount: () => new Account(new Log({ write: () => true }), 'web'),
    overflow: { policy: 'drop-oldest', blockMs: 0 }, gaps: {}, leaving: [], saveLeaving: () => undefined, saveGaps: () => undefined, removed: () => t.fail(),
    ways: [makeWay(() => t.fail('a connection was opened') as never)],
    ended: () => t.fail('it never began'),
  }), { message: /log FIFO "\/nowhere" cannot be opened/ });
  t.is(budget.holders.size, 0);
});
