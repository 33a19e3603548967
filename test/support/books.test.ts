import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { sessionKey } from '../../src/journal/session-records.ts';
import { faultsOfLog, faultsOfStatus, FifoBooks } from './books.ts';
import { encodeFrame, entriesOf } from './log-entry.ts';
import type { LogLine } from './plugin-process.ts';
import { countsOf, sessionOf, statusOf } from './status.ts';

const FILE = '/run/docker/logging/0123';

function dropped(overflow: number): ReturnType<typeof countsOf>['lines_dropped'] {
  return { ...countsOf().lines_dropped, overflow };
}

function line(msg: string, fields: Readonly<Record<string, number | string>>): LogLine {
  return { time: '2026-03-14T15:09:26Z', level: 'debug', msg, session: sessionKey(FILE), container: 'web', ...fields };
}

function framesOf(text: string): Buffer {
  return Buffer.concat(entriesOf('stdout', text).map(encodeFrame));
}

/** The books of a container that has written `text`, and what is in its FIFO for them. */
function written(text: string): { books: FifoBooks; bytes: number } {
  const books = new FifoBooks();
  const frames = framesOf(text);
  books.wrote(FILE, frames);
  return { books, bytes: frames.length };
}

test('a status balances where what was read is confirmed, dropped or under way', (t) => {
  const counts = countsOf({ lines_read: 10, lines_confirmed: 5, lines_dropped: dropped(3) });
  const [output] = sessionOf('web', { counts }).outputs;
  const sessions = [sessionOf('web', { outputs: [{ ...output as NonNullable<typeof output>, unconfirmed_bytes: 80 }] })];
  const ended = countsOf({ lines_read: 100, lines_confirmed: 100 });
  t.deepEqual(faultsOfStatus(statusOf({ sessions, totals: { core: { ...ended, lines_read: 110, lines_confirmed: 105, lines_dropped: dropped(3) }, jetstream: countsOf() } })), []);
});

test('a status does not balance where a line is neither confirmed nor dropped nor under way', (t) => {
  const counts = countsOf({ lines_read: 10, lines_confirmed: 9 });
  t.deepEqual(faultsOfStatus(statusOf({ sessions: [sessionOf('web', { counts })], totals: { core: counts, jetstream: countsOf() } })), [
    'web, output main: nothing is unconfirmed, but not all is confirmed or dropped: 10 handed over or dropped, 9 confirmed, 0 dropped',
  ]);
});

test('a status does not balance where a line is counted twice', (t) => {
  const counts = countsOf({ lines_read: 10, lines_confirmed: 10, lines_dropped: dropped(1) });
  t.deepEqual(faultsOfStatus(statusOf({ sessions: [sessionOf('web', { counts })], totals: { core: counts, jetstream: countsOf() } })), [
    'web, output main: more than was read: 10 handed over or dropped, 10 confirmed, 1 dropped',
  ]);
});

test('a status does not balance where a session has ended and left lines in the totals', (t) => {
  t.deepEqual(faultsOfStatus(statusOf({ totals: { core: countsOf({ lines_read: 10, lines_confirmed: 9 }), jetstream: countsOf() } })), [
    'all sessions: 10 handed over or dropped, 9 confirmed, 0 dropped; under way are 0 of those that are left',
  ]);
});

test('a session that says at its end what it left in the journal may have lines under way, another one not', (t) => {
  t.deepEqual(faultsOfLog([line('session ended', { lines_read: 10, lines_confirmed: 4, unconfirmed_bytes: 300 })]), []);
  t.deepEqual(faultsOfLog([line('session ended', { lines_read: 10, lines_confirmed: 4 })]), [
    'web, output main, at its end: nothing is unconfirmed, but not all is confirmed or dropped: 10 handed over or dropped, 4 confirmed, 0 dropped',
  ]);
});

test('what a live session has confirmed, dropped and in its journal is what was written', (t) => {
  const { books, bytes } = written('one\ntwo\nthree\n');
  const waiting = framesOf('three\n').length;
  const statusWith = (confirmed: number): ReturnType<typeof statusOf> => {
    const counts = countsOf({ lines_read: confirmed, lines_confirmed: confirmed });
    const [output] = sessionOf('web', { counts }).outputs;
    const session = sessionOf('web', { id: sessionKey(FILE), bytes_read: bytes, outputs: [{ ...output as NonNullable<typeof output>, unconfirmed_bytes: waiting }] });
    return statusOf({ sessions: [session], totals: { core: counts, jetstream: countsOf() } });
  };
  t.deepEqual(books.faults([line('session started', {})], statusWith(2)), []);
  t.deepEqual(books.faults([line('session started', {})], statusWith(1)), [
    `the session of web: 3 lines were read, ${bytes} bytes; ${waiting} bytes are in the journal, before which there were 2 lines: 1 handed over or dropped, 1 confirmed, 0 dropped`,
  ]);
});

test('the books of a process that ended in order go on with those of the next one', (t) => {
  const { books, bytes } = written('one\ntwo\nthree\n');
  const first = framesOf('one\ntwo\n').length;
  const lives = (lastConfirmed: number): LogLine[] => [
    line('session started', {}),
    line('session ended', { bytes_read: first, lines_read: 2, lines_confirmed: 1, unconfirmed_bytes: first / 2 }),
    line('session started', {}),
    line('session ended', { bytes_read: bytes - first, lines_read: lastConfirmed, lines_confirmed: lastConfirmed }),
  ];
  t.deepEqual(books.faults(lives(2), undefined), []);
  t.deepEqual(books.faults(lives(1), undefined), [
    `the session of web: 3 lines were read, ${bytes} bytes; 0 bytes are in the journal, before which there were 3 lines: 3 handed over or dropped, 2 confirmed, 0 dropped`,
  ]);
});

test('after a process that was killed no more lines are counted than there are', (t) => {
  const { books } = written('one\ntwo\nthree\n');
  const lives = (confirmed: number): LogLine[] => [
    line('session started', {}), line('session started', {}), line('session ended', { bytes_read: 40, lines_read: confirmed, lines_confirmed: confirmed }),
  ];
  t.deepEqual(books.faults(lives(2), undefined), []);
  t.deepEqual(books.faults(lives(4), undefined), ['the session of web: 3 lines were written: 4 handed over or dropped, 4 confirmed, 0 dropped']);
});

test('no test with a driver goes without its books', (t) => {
  const root = join(import.meta.dirname, '../..');
  const without = (files: string, mark: RegExp): string[] => globSync(files, { cwd: root }).filter((file) => mark.test(readFileSync(join(root, file), 'utf8')));
  t.deepEqual(without('test/e2e/*.test.ts', /import test from 'ava'/), [], 'take `test` from e2e-test.ts');
  t.deepEqual(without('test/integration/*.test.ts', /new FakeEngine\(/), [], 'start the driver with `startDriver`');
});
