import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { nodeFileSystem } from '../../src/journal/file-system.ts';
import { Suspect } from '../../src/journal/suspect.ts';

const WEB = 'a'.repeat(32);
const DB = 'b'.repeat(32);

function newState(t: ExecutionContext): string {
  const state = mkdtempSync(join(tmpdir(), 'nld-suspect-'));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  return state;
}

test('the processes in a row that died with a session are counted', (t) => {
  const state = newState(t);
  for (const deaths of [0, 1, 2, 3]) t.is(new Suspect(nodeFileSystem, state).accuse(WEB), deaths);
});

test('a session that is accused twice by one process is counted once', (t) => {
  const state = newState(t);
  const suspect = new Suspect(nodeFileSystem, state);
  suspect.accuse(WEB);
  suspect.accuse(DB);
  t.is(suspect.accuse(WEB), 0);
  t.is(new Suspect(nodeFileSystem, state).accuse(WEB), 1);
});

test('a process that dies with another session clears the first', (t) => {
  const state = newState(t);
  for (const key of [WEB, WEB, DB]) new Suspect(nodeFileSystem, state).accuse(key);
  t.is(new Suspect(nodeFileSystem, state).accuse(WEB), 0);
});

test('a process that finds the session harmless clears it', (t) => {
  const state = newState(t);
  const suspect = new Suspect(nodeFileSystem, state);
  suspect.accuse(WEB);
  suspect.acquit();
  t.is(new Suspect(nodeFileSystem, state).accuse(WEB), 0);
});

for (const [what, put] of [
  ['garbage', (path: string) => writeFileSync(path, 'z'.repeat(1000))],
  ['a folder', (path: string) => mkdirSync(path)],
  ['a FIFO', (path: string) => void execFileSync('mkfifo', [path])],
] as const) {
  test(`${what} in its place is put right`, (t) => {
    const state = newState(t);
    put(join(state, 'suspect'));
    t.is(new Suspect(nodeFileSystem, state).accuse(WEB), 0);
    t.true(readFileSync(join(state, 'suspect'), 'latin1').startsWith(`${WEB} 000001\n`));
  });
}

test('without a disk that takes it nothing is counted, and nothing fails', (t) => {
  const suspect = new Suspect(nodeFileSystem, join(newState(t), 'missing'));
  t.is(suspect.accuse(WEB), 0);
  suspect.acquit();
});
