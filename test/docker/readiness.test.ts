import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { poll, watch, watchAlone, type Readiness } from '../../src/docker/readiness.ts';
import { ReadySet, type Readable } from '../../src/docker/ready-set.ts';
import { until } from '../support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'nld-readiness-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const WAYS: Readonly<Record<string, (fd: number, readable: Readable) => Readiness>> = { watch, watchAlone, poll };

for (const [name, way] of Object.entries(WAYS)) {
  test(`${name}: tells of bytes again and again until they are taken, and takes none`, async (t) => {
    const path = join(folder, name);
    execFileSync('mkfifo', [path]);
    const writer = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    let told = 0;
    const readiness = way(fd, () => (told++, 0));
    writeSync(writer, 'bytes');
    await until('it was told', () => told > 2);
    readiness.pause();
    const before = told;
    // Twice the time between two looks.
    await sleep(10);
    t.is(told, before);
    readiness.resume();
    await until('it was told again', () => told > before);
    t.is(readSync(fd, Buffer.alloc(10)), 5);
    readiness.close();
    readiness.close();
    closeSync(writer);
  });
}

test('a silent pipe costs nothing', async (t) => {
  const path = join(folder, 'silent');
  execFileSync('mkfifo', [path]);
  const writer = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  let told = 0;
  const readiness = watch(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), () => (told++, 0));
  await sleep(20);
  t.is(told, 0);
  readiness.close();
  closeSync(writer);
});

test('what the set has no place for is refused, and not forgotten', (t) => {
  const set = ReadySet.make();
  // A regular file cannot be waited for.
  const file = openSync(join(folder, 'file'), 'w');
  t.false(set?.add(file, () => 0));
  closeSync(file);
});
