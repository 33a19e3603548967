/** The outputs of a session: several at a time, and some that come and go while lines come. */
import { mock } from 'node:test';
import test from 'ava';
import fc from 'fast-check';
import type { JournalOwner } from '../src/core/journal.ts';
import type { DiskBudget } from '../src/journal/disk-budget.ts';
import { DiskJournal } from '../src/journal/disk.ts';
import { MemoryBudget } from '../src/journal/memory.ts';
import type { CrashFileSystem } from './support/crash-file-system.ts';
import { FOLDER, newHost, segments } from './support/journal-host.ts';
import { dropped, framesOf, numbered, numbers, SessionBench, withBench } from './stages/session-bench.ts';
import { withTimers } from './support/timers.ts';

const NEVER = new AbortController().signal;
const count = (to: number, from = 0): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test.serial('an output that is no more has five seconds to confirm, then its lines are counted', withTimers(withBench({ further: ['audit'], state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.confirm();
  bench.change(bench.way());
  mock.timers.tick(5000);
  t.deepEqual(bench.removed.map(({ linesDropped }) => linesDropped.removed), [10]);
  t.true(bench.transportOf('audit').isClosed);
  t.is(bench.budget.used, 0);
})));

test('each output gets every line once and in order', withBench({ further: ['audit', 'copy'] }, async (t, bench) => {
  await bench.output(numbered(0, 5000));
  for (const name of ['main', 'audit', 'copy']) {
    await bench.until(`all lines of ${name}`, () => bench.accountOf(name).linesConfirmed === 5000);
    t.deepEqual(numbers(bench.confirmedOf(name)), count(5000));
  }
  t.is(bench.budget.used, 0);
}));

test('an output that is away holds up no other, and gets its lines when it is back', withBench({ further: ['audit'] }, async (t, bench) => {
  bench.transportOf('audit').isPrompt = false;
  bench.transportOf('audit').lose();
  bench.transportOf('audit').isAway = true;
  await bench.output(numbered(0, 3000));
  await bench.until('the main one', () => bench.account.linesConfirmed === 3000);
  t.true(bench.budget.used > 0, 'the journal keeps them for the other');
  const [main, audit] = bench.session.status().outputs;
  t.deepEqual([main?.unconfirmed_bytes, audit?.unconfirmed_bytes], [0, bench.written]);
  bench.transportOf('audit').isPrompt = true;
  bench.transportOf('audit').open();
  await bench.until('the other', () => bench.accountOf('audit').linesConfirmed === 3000);
  t.deepEqual(numbers(bench.confirmedOf('audit')), count(3000));
  t.is(bench.budget.used, 0);
}));

test('stop waits for the outputs that can be reached, and the session ends when all are done', withBench({ further: ['audit'] }, async (t, bench) => {
  bench.transportOf('audit').lose();
  bench.transportOf('audit').isAway = true;
  bench.leave(framesOf(numbered(0, 100)));
  await bench.session.stop(NEVER);
  t.is(bench.account.linesConfirmed, 100);
  bench.hangUp();
  t.false(bench.hasEnded);
  bench.transportOf('audit').open();
  await bench.untilEnded();
  t.deepEqual(numbers(bench.confirmedOf('audit')), count(100));
}));

/** Lines of an output that came, and those that it gave up, are all. */
function assertAccount(t: { is: (one: number, other: number, message: string) => void }, bench: SessionBench, name: string, lines: number): void {
  t.is(bench.accountOf(name).linesConfirmed + dropped(bench, name), lines, name);
}

test('when room is short the slowest output gives up its oldest lines, the other ones none',
  withBench({ further: ['audit'], budget: new MemoryBudget(4 * 64 * 1024) }, async (t, bench) => {
  bench.transportOf('audit').lose();
  bench.transportOf('audit').isPrompt = true;
  for (let from = 0; from < 20_000; from += 1000) await bench.output(numbered(from, from + 1000, '.'.repeat(50)));
  await bench.until('the main one', () => bench.account.linesConfirmed === 20_000);
  t.is(dropped(bench), 0);
  t.true(dropped(bench, 'audit') > 0);
  bench.transportOf('audit').open();
  await bench.until('the rest', () => bench.accountOf('audit').linesConfirmed + dropped(bench, 'audit') >= 20_000);
  assertAccount(t, bench, 'audit', 20_000);
  const got = numbers(bench.confirmedOf('audit'));
  t.deepEqual(got, count(20_000, 20_000 - got.length));
  t.true(bench.confirmedOf('audit')[0]?.startsWith('<gap'), 'a record stands in the place of the others');
}));

test('when both are slow each gives up what it had not handed over, and what is on the way for one is lost for none',
  withBench({ further: ['audit'], state: 'slow', budget: new MemoryBudget(4 * 64 * 1024) }, async (t, bench) => {
  await bench.output(numbered(0, 500, '.'.repeat(50)));
  bench.transport.block();
  await bench.output(numbered(500, 1000, '.'.repeat(50)));
  bench.transportOf('audit').block();
  await bench.output(numbered(1000, 20_000, '.'.repeat(50)));
  t.true(dropped(bench) > 0 && dropped(bench, 'audit') > 0);
  for (const name of ['main', 'audit']) {
    bench.transportOf(name).lose();
    bench.transportOf(name).isPrompt = true;
    bench.transportOf(name).open();
  }
  for (const [name, kept] of [['main', 500], ['audit', 1000]] as const) {
    await bench.until('the rest', () => bench.accountOf(name).linesConfirmed + dropped(bench, name) >= 20_000);
    assertAccount(t, bench, name, 20_000);
    t.deepEqual(numbers(bench.confirmedOf(name)).slice(0, kept), count(kept));
  }
}));

test('an output that has given up drops for itself', withBench({ further: ['audit'], state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transportOf('audit').giveUp();
  await bench.output(numbered(10, 20));
  bench.transport.confirm();
  t.is(bench.account.linesConfirmed, 20);
  t.is(bench.accountOf('audit').linesDropped['gave-up'], 20);
  t.is(bench.budget.used, 0);
}));

test('shutDown counts for each output what it did not confirm', withBench({ further: ['audit'], state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.confirm();
  await bench.session.shutDown(AbortSignal.timeout(20));
  t.deepEqual([bench.account.linesDropped.shutdown, bench.accountOf('audit').linesDropped.shutdown], [0, 10]);
}));

test('an output that is new begins where the main one is', withBench({}, async (t, bench) => {
  await bench.output(numbered(0, 10));
  await bench.until('the first', () => bench.account.linesConfirmed === 10);
  bench.change(bench.way(), bench.way('audit'));
  await bench.output(numbered(10, 20));
  await bench.until('the rest', () => bench.accountOf('audit').linesConfirmed === 10);
  t.deepEqual(numbers(bench.confirmedOf('audit')), count(20, 10));
}));

test('an output that is no more still delivers what came before, and holds nothing up afterwards', withBench({ further: ['audit'], state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  const audit = bench.transportOf('audit');
  bench.change(bench.way());
  await bench.output(numbered(10, 20));
  t.false(audit.isClosed);
  audit.confirm();
  t.true(audit.isClosed);
  t.deepEqual(numbers(audit.confirmed), count(10));
  t.deepEqual(bench.removed.map(({ linesConfirmed }) => linesConfirmed), [10]);
  bench.transport.confirm();
  t.is(bench.account.linesConfirmed, 20);
  t.is(bench.budget.used, 0);
}));

test('an output that is no more and away is counted, and not waited for by the end', withBench({ further: ['audit'], state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transportOf('audit').lose();
  bench.change(bench.way());
  await bench.output(numbered(10, 20));
  bench.transport.confirm();
  await bench.session.shutDown(AbortSignal.timeout(20));
  t.deepEqual(bench.removed.map(({ linesDropped }) => linesDropped.removed), [10]);
  t.is(bench.account.linesConfirmed, 20);
}));

test('an output that is no more and comes back goes on where it was', withBench({ further: ['audit'], state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  const audit = bench.transportOf('audit');
  bench.change(bench.way());
  bench.change(bench.way(), bench.way('audit'));
  await bench.output(numbered(10, 20));
  audit.confirm();
  t.deepEqual(numbers(audit.confirmed), count(20));
}));

test('whatever is lost, blocked and changed, each output gets each line once and in order', async (t) => {
  const step = fc.record({ what: fc.constantFrom('write', 'confirm', 'confirm-one', 'lose', 'block', 'open', 'change'), output: fc.constantFrom('main', 'audit', 'copy'), lines: fc.integer({ min: 1, max: 40 }) });
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const bench = new SessionBench({ further: ['audit', 'copy'], state: 'slow' });
    const subjects = new Map([['main', 'logs'], ['audit', 'logs'], ['copy', 'logs']]);
    let written = 0;
    try {
      for (const [i, { what, output, lines }] of steps.entries()) {
        const transport = bench.transportOf(output);
        if (what === 'write') {
          await bench.output(numbered(written, written + lines, '.'.repeat(20)));
          written += lines;
        } else if (what === 'change') {
          subjects.set(output, `logs-${i}`);
          bench.change(...[...subjects].map(([name, subject]) => bench.way(name, subject)));
        } else if (what === 'confirm') transport.confirm();
        else if (what === 'confirm-one') transport.confirm(1);
        else if (what === 'lose') transport.lose();
        else if (what === 'block') transport.block();
        else transport.open();
      }
      for (const name of subjects.keys()) {
        await bench.until(`all lines of ${name}`, () => {
          bench.transportOf(name).isPrompt = true;
          bench.transportOf(name).open();
          bench.transportOf(name).confirm();
          return bench.accountOf(name).linesConfirmed >= written;
        });
        t.deepEqual(numbers(bench.confirmedOf(name)), count(written), name);
      }
    } finally {
      await bench.remove();
    }
    t.is(bench.budget.used, 0);
  }), { numRuns: 60 });
});

const openJournal = (disk: DiskBudget) => (owner: JournalOwner): DiskJournal => new DiskJournal(disk, { folder: FOLDER, id: 'web', sync: 'none', owner });

/** A session with thirty lines for an output that is no more. */
async function killedWhileLeaving(): Promise<{ readonly fs: CrashFileSystem; readonly before: SessionBench }> {
  const { fs, budget, ticks } = newHost();
  const before = new SessionBench({ further: ['audit'], state: 'slow', openJournal: openJournal(budget) });
  await before.output(numbered(0, 30));
  before.change(before.way());
  ticks(10);
  fs.kill();
  return { fs, before };
}

test('an output that was away when the process was killed is found where it was', async (t) => {
  const { fs, budget, ticks } = newHost();
  const before = new SessionBench({ further: ['audit'], openJournal: openJournal(budget) });
  before.transportOf('audit').lose();
  await before.output(numbered(0, 100));
  await before.until('the main one', () => before.account.linesConfirmed === 100);
  ticks(1);
  fs.kill();
  const after = new SessionBench({ further: ['audit'], openJournal: openJournal(newHost({ fs }).budget) });
  await after.until('the other one', () => after.accountOf('audit').linesConfirmed === 100);
  t.deepEqual(numbers(after.confirmedOf('audit')), count(100));
  t.deepEqual(after.confirmedOf('main'), []);
  await after.remove();
  await before.remove();
});

test('an output that was leaving when the process was killed is counted by the next one, up to where it was to end', async (t) => {
  const { fs, budget, ticks } = newHost();
  const before = new SessionBench({ further: ['audit'], state: 'slow', openJournal: openJournal(budget) });
  await before.output(numbered(0, 30));
  before.transportOf('audit').confirm();
  await before.output(numbered(30, 100));
  before.transport.confirm();
  before.change(before.way());
  await before.output(numbered(100, 120));
  ticks(10);
  t.deepEqual(before.leaving.map(({ name, transport }) => [name, transport]), [['audit', 'core']]);
  fs.kill();
  const after = new SessionBench({ leaving: before.leaving, openJournal: openJournal(newHost({ fs }).budget) });
  await after.until('the main one', () => after.account.linesConfirmed === 20);
  t.deepEqual(after.removed.map(({ linesDropped, linesConfirmed }) => [linesDropped.removed, linesConfirmed]), [[70, 0]]);
  t.deepEqual(after.leaving, []);
  await after.remove();
  await before.remove();
});

test('an output that was leaving is counted although the disk does not give its lines back, and the main one has a record of them', async (t) => {
  const { fs, before } = await killedWhileLeaving();
  const after = new SessionBench({
    leaving: before.leaving,
    openJournal: (owner) => {
      const journal = openJournal(newHost({ fs }).budget)(owner);
      for (const segment of segments(fs)) fs.unlink(`${FOLDER}/${segment}`);
      return journal;
    },
  });
  await after.output('new\n');
  await after.until('the new line', () => after.account.linesConfirmed === 1);
  t.deepEqual(after.confirmedOf('main'), [`<gap ${before.written}>`, 'new']);
  t.is(after.account.bytesUnreadable, before.written);
  t.is(after.removed.length, 1);
  await after.remove();
  await before.remove();
});

test('of an output that was leaving, what the disk does not give back now is counted in bytes', async (t) => {
  const { fs, before } = await killedWhileLeaving();
  const after = new SessionBench({
    leaving: before.leaving,
    openJournal: (owner) => {
      const journal = openJournal(newHost({ fs }).budget)(owner);
      fs.inject = (call) => call === 'read' ? { code: 'EIO' } : undefined;
      return journal;
    },
  });
  t.deepEqual(after.removed.map(({ linesDropped, bytesUnreadable }) => [linesDropped.removed, bytesUnreadable]), [[0, before.written]]);
  fs.inject = () => undefined;
  await after.remove();
  await before.remove();
});

test('an output that has left is not told of to the next process', withBench({ further: ['audit'], state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.change(bench.way());
  t.is(bench.leaving.length, 1);
  bench.transportOf('audit').confirm();
  t.deepEqual(bench.leaving, []);
}));
