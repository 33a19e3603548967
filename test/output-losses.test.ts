/** Lines that the server does not permit: nobody hears of them, until it permits the record. */
import { mock } from 'node:test';
import test from 'ava';
import { numbered, SessionBench, withBench } from './stages/session-bench.ts';
import { withTimers } from './support/timers.ts';

const NEVER = new AbortController().signal;

/** [lines, bytes] of the records that are not confirmed. */
function kept({ gaps }: SessionBench): readonly (readonly [lines: number | undefined, bytes: number | undefined])[] {
  return gaps.map(({ lines, bytes }) => [lines, bytes]);
}

test('N7: the record of lines that are not permitted comes right behind the first that are, and tells of all',
  withBench({ state: 'slow' }, async (t, bench) => {
  for (let from = 0; from < 50; from += 10) {
    await bench.output(numbered(from, from + 10, '..'));
    bench.transport.refuse();
  }
  t.is(bench.account.linesDropped['not-permitted'], 50);
  await bench.output('permitted\n');
  bench.transport.confirm();
  t.deepEqual(bench.transport.confirmed, ['permitted']);
  t.deepEqual(bench.transport.commits.map(({ lines }) => lines), [[`<gap ${bench.written}>`]], 'without a pause');
  t.like(bench.gaps[0], { reason: 'not-permitted', lines: 50, bytes: 10 * 3 + 40 * 4 });
  bench.transport.confirm();
  t.deepEqual(bench.gaps, []);
  t.is(bench.account.gaps, 1);
}));

test.serial('N7: of a container that writes nothing more the record is tried again, until it is permitted', withTimers(withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.refuse();
  t.deepEqual(bench.transport.commits, [], 'nothing is tried at once');
  for (const seconds of [1, 2, 4]) {
    mock.timers.tick(seconds * 1000 - 1);
    t.is(bench.transport.commits.length, 0);
    mock.timers.tick(1);
    t.is(bench.transport.commits.length, 1, `after ${seconds} s`);
    if (seconds < 4) bench.transport.refuse();
  }
  bench.transport.confirm();
  t.deepEqual(bench.transport.confirmed, [`<gap ${bench.written}>`]);
  t.deepEqual(bench.gaps, []);
})));

test.serial('a record that was refused grows with the lines that are refused later, and has another name then', withTimers(withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.refuse();
  const [first] = bench.gaps;
  mock.timers.tick(1000);
  bench.transport.refuse();
  await bench.output(numbered(10, 20));
  bench.transport.refuse();
  mock.timers.tick(1000);
  t.deepEqual(kept(bench), [[20, 30]]);
  t.not(bench.gaps[0]?.id, first?.id, 'a stream that has the first one takes it for another');
})));

test('a record of another loss that is not permitted waits, too, and is not forgotten',
  withBench({ state: 'slow', gaps: [{ end: 0, reason: 'crash', to: { seconds: 1, nanos: 0 } }] }, async (t, bench) => {
  await bench.output('refused\n');
  bench.transport.refuse();
  await bench.output('permitted\n');
  bench.transport.confirm();
  bench.transport.confirm();
  t.deepEqual(bench.transport.confirmed, ['permitted', `<gap ${bench.written}>`, `<gap ${bench.written}>`]);
}));

test.serial('while lines are not permitted the next process is told so once a second, and of how many when the second is over',
  withTimers(withBench({ state: 'slow' }, async (t, bench) => {
  for (let i = 0; i < 20; i++) {
    await bench.output(numbered(i, i + 1));
    bench.transport.refuse();
  }
  t.is(bench.gapSaves, 1);
  t.deepEqual(kept(bench), [[undefined, undefined]]);
  mock.timers.tick(1000);
  t.deepEqual(kept(bench), [[20, 30]]);
})));

test('a lost connection is a reason to try at once', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output('refused\n');
  bench.transport.refuse();
  bench.transport.lose();
  bench.transport.open();
  t.deepEqual(bench.transport.commits.map(({ lines }) => lines), [[`<gap ${bench.written}>`]]);
  bench.transport.confirm();
}));

test('neither a stop nor the end of the process waits for a record that is not permitted; the next process has it', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.refuse();
  await bench.session.stop(NEVER);
  await bench.session.shutDown(NEVER);
  t.deepEqual(kept(bench), [[10, 10]]);
  t.deepEqual(bench.ends, [false], 'it is not over');
  const after = new SessionBench({ gaps: bench.gaps });
  await after.output('next\n');
  await after.until('all is confirmed', () => after.account.linesConfirmed === 1 && after.gaps.length === 0);
  t.deepEqual(after.transport.confirmed, ['<gap 0>', 'next']);
  await after.remove();
}));

test('a record that is not permitted does not make the backlog old', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.refuse();
  t.is(bench.session.status().journal.oldest_age_seconds, 0);
}));

test.serial('a session that has ended is over when its record was tried for fourteen minutes, and that is counted', withTimers(withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.refuse();
  await bench.session.stop(NEVER);
  bench.hangUp();
  let seconds = 0;
  for (; !bench.hasEnded && seconds < 3600; seconds++) {
    mock.timers.tick(1000);
    bench.transport.refuse();
  }
  t.is(seconds, 1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 + 256 + 300);
  t.deepEqual(bench.ends, [true]);
  t.deepEqual([bench.account.gapsGivenUp, bench.account.linesDropped['not-permitted']], [1, 10]);
  t.true(bench.account.hasLosses);
  t.deepEqual(bench.gaps, []);
})));

test.serial('an output that is no more gives its records up, and one of its name that comes later does not have them',
  withTimers(withBench({ further: ['audit'], state: 'slow', gaps: [{ end: 0, reason: 'crash', to: { seconds: 1, nanos: 0 } }] }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  bench.transport.confirm();
  const audit = bench.transportOf('audit');
  audit.refuse();
  bench.change(bench.way());
  t.false(audit.isClosed);
  mock.timers.tick(5000);
  t.true(audit.isClosed);
  t.deepEqual(bench.removed.map(({ gapsGivenUp }) => gapsGivenUp), [2]);
  t.deepEqual(bench.gaps, []);
  bench.change(bench.way(), bench.way('audit'));
  await bench.output('next\n');
  bench.transportOf('audit').confirm();
  t.deepEqual(bench.transportOf('audit').confirmed, ['next']);
})));

test('lines for a dead-letter subject that is not permitted are counted, and a record tells that there were some', withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  for (const { tally } of bench.transport.commits) {
    tally.lines -= 2;
    tally.lostLetters += 2;
  }
  bench.transport.confirm();
  t.deepEqual([bench.account.linesConfirmed, bench.account.linesDropped['too-large']], [8, 2]);
  t.like(bench.gaps[0], { reason: 'too-large', end: bench.written });
  t.is(bench.gaps[0]?.lines, undefined);
  t.deepEqual(bench.transport.commits.map(({ lines }) => lines), [[`<gap ${bench.written}>`]]);
  bench.transport.confirm();
}));

test.serial('of what went to the dead-letter subject nothing is lost when the other one is not permitted', withTimers(withBench({ state: 'slow' }, async (t, bench) => {
  await bench.output(numbered(0, 10));
  for (const { tally } of bench.transport.commits) tally.deadLettered += 4;
  bench.transport.refuse();
  t.is(bench.account.linesDropped['not-permitted'], 6);
  t.is(bench.account.linesConfirmed, 4);
  mock.timers.tick(1000);
  t.is(bench.gaps[0]?.lines, 6);
})));
