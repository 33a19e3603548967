import test from 'ava';
import { Quarantine } from '../../src/journal/quarantine.ts';
import { CrashFileSystem } from '../support/crash-file-system.ts';

const LIMITS = { entries: 3, bytes: 100, largest: 60 };

function setUp(): { fs: CrashFileSystem; quarantine: Quarantine } {
  const fs = new CrashFileSystem();
  fs.makeFolder('/state/sessions');
  return { fs, quarantine: new Quarantine(fs, '/state', LIMITS) };
}

function put(fs: CrashFileSystem, name: string, size: number): string {
  const path = `/state/sessions/${name}`;
  fs.poke(path, Buffer.alloc(size));
  return path;
}

test('what is put away is numbered and keeps its name', (t) => {
  const { fs, quarantine } = setUp();
  t.true(quarantine.take(put(fs, 'a', 10)));
  t.true(quarantine.take(put(fs, 'b', 10)));
  t.deepEqual(fs.names('/state/quarantine'), ['00000001-sessions-a', '00000002-sessions-b']);
  t.deepEqual(fs.names('/state/sessions'), []);
});

test('the oldest make room for the newest, by number and by size', (t) => {
  const { fs, quarantine } = setUp();
  for (const name of ['a', 'b', 'c', 'd']) quarantine.take(put(fs, name, 10));
  t.deepEqual(fs.names('/state/quarantine'), ['00000002-sessions-b', '00000003-sessions-c', '00000004-sessions-d']);
  quarantine.take(put(fs, 'e', 60));
  quarantine.take(put(fs, 'f', 30));
  t.deepEqual(fs.names('/state/quarantine'), ['00000004-sessions-d', '00000005-sessions-e', '00000006-sessions-f']);
});

test('a later process counts on, and knows the sizes of what is there', (t) => {
  const { fs, quarantine } = setUp();
  quarantine.take(put(fs, 'a', 50));
  new Quarantine(fs, '/state', LIMITS).take(put(fs, 'b', 60));
  t.deepEqual(fs.names('/state/quarantine'), ['00000002-sessions-b']);
});

test('what is too large is removed, and said to be', (t) => {
  const { fs, quarantine } = setUp();
  t.false(quarantine.take(put(fs, 'a', 61)));
  t.deepEqual(fs.names('/state/sessions'), []);
});

test('a folder counts with all that is in it', (t) => {
  const { fs, quarantine } = setUp();
  fs.makeFolder('/state/journals/k');
  fs.poke('/state/journals/k/1', Buffer.alloc(40));
  fs.poke('/state/journals/k/2', Buffer.alloc(40));
  t.false(quarantine.take('/state/journals/k'));
  fs.makeFolder('/state/journals/l');
  fs.poke('/state/journals/l/1', Buffer.alloc(40));
  t.true(quarantine.take('/state/journals/l'));
  t.deepEqual(fs.names('/state/quarantine/00000001-journals-l'), ['1']);
});
