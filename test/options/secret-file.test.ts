import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readSecretFile, SecretFault } from '../../src/options/secret-file.ts';
import { makeSecretFolder } from '../support/secret-folder.ts';

function fault(path: string, dirs: readonly string[]): string {
  try {
    readSecretFile(path, dirs);
    return 'taken';
  } catch (error) {
    if (!(error instanceof SecretFault)) throw error;
    return error.message;
  }
}

test('a file in a folder of secrets, or below it, is read as it is', (t) => {
  const { dir, put } = makeSecretFolder(t);
  mkdirSync(join(dir, 'team'));
  t.deepEqual(readSecretFile(put('team/pass', ' s3cret\n'), [dir]), { text: ' s3cret\n' });
});

test('links within the folders are followed, also those of a folder itself', (t) => {
  const { dir, put } = makeSecretFolder(t);
  mkdirSync(join(dir, 'real'));
  put('real/pass', 's3cret');
  symlinkSync('real/pass', join(dir, 'link'));
  symlinkSync('real', join(dir, 'folder'));
  t.is(readSecretFile(join(dir, 'link'), [dir]).text, 's3cret');
  t.is(readSecretFile(join(dir, 'real/pass'), [join(dir, 'folder')]).text, 's3cret');
  t.is(readSecretFile(join(dir, 'folder/pass'), [join(dir, 'real')]).text, 's3cret');
});

test('A6: a path that leads out of the folders is refused, whether there is something or not', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const inside = join(dir, 'inside');
  mkdirSync(inside);
  put('outside', 'CANARY');
  mkdirSync(join(dir, 'inside-not'));
  put('inside-not/pass', 'CANARY');
  symlinkSync(join(dir, 'outside'), join(inside, 'link'));
  symlinkSync('/proc/self/environ', join(inside, 'environ'));
  symlinkSync('..', join(inside, 'up'));
  for (const path of [
    '../outside', 'link', 'environ', 'up/outside', '../inside-not/pass', '../nothing', '.', '',
  ].map((name) => `${inside}/${name}`).concat('/proc/self/environ', '/etc/shadow', '/dev/zero', '/nowhere')) {
    const text = fault(path, [inside]);
    t.regex(text, /^expected a file in a folder of nats-secret-dirs \(.*\), ".*"(… \(\d+ bytes\))? leads elsewhere$/, path);
    t.false(text.includes('CANARY'));
  }
});

test('A6: what is no small file is refused at once', (t) => {
  const { dir, put } = makeSecretFolder(t);
  execFileSync('mkfifo', [join(dir, 'fifo')]);
  mkdirSync(join(dir, 'folder'));
  const huge = put('huge', 'x');
  truncateSync(huge, 10 * 1024 ** 3);
  put('limit', 'x'.repeat(64 * 1024));
  put('more', 'x'.repeat(64 * 1024 + 1));
  put('empty', '');
  const found = (name: string): string => /found (.*?) at /.exec(fault(join(dir, name), [dir]))?.[1] ?? 'taken';
  t.deepEqual(['fifo', 'folder', 'huge', 'more', 'limit', 'empty', 'nothing'].map(found), [
    'something that is no regular file', 'something that is no regular file', 'more than 65536 bytes', 'more than 65536 bytes', 'taken',
    'an empty file', 'nothing',
  ]);
});

test('without folders no file is read', (t) => {
  const { put } = makeSecretFolder(t);
  t.regex(fault(put('pass', 'x'), []), /leads elsewhere$/);
});

for (const [mode, wideMode] of [[0o600, undefined], [0o640, undefined], [0o400, undefined], [0o644, '0644'], [0o660, '0660'], [0o604, '0604']] as const) {
  test(`a file with mode ${mode.toString(8)} ${wideMode === undefined ? 'is for few eyes' : 'is for too many'}`, (t) => {
    const { dir, put } = makeSecretFolder(t);
    const path = put('pass', 'x', mode);
    execFileSync('chmod', [mode.toString(8), path]);
    t.is(readSecretFile(path, [dir]).wideMode, wideMode);
  });
}

test('a path with a NUL leads nowhere', (t) => {
  const { dir } = makeSecretFolder(t);
  writeFileSync(join(dir, 'pass'), 'x');
  t.regex(fault(`${dir}/pass\0`, [dir]), /^expected a readable file, found/);
});
