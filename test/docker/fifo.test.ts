import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, closeSync, readFileSync, rmSync, symlinkSync, writeSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Fifo, FifoError } from '../../src/docker/fifo.ts';
import { until } from '../support/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'nld-fifo-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;

function makeFifo(): { path: string; writer: number } {
  const path = join(folder, String(count++));
  execFileSync('mkfifo', [path]);
  // Both ends, as the engine holds it.
  return { path, writer: openSync(path, constants.O_RDWR | constants.O_NONBLOCK) };
}

/** Takes what the FIFO has, as a session would. */
class Reader {
  text = '';
  ends = 0;
  calls = 0;
  readonly fifo: Fifo;
  readonly #buffer = Buffer.alloc(64 * 1024);

  constructor(path: string) {
    this.fifo = new Fifo(path, () => {
      this.calls++;
      this.read();
    });
  }

  read(): number | 'empty' | 'ended' {
    const size = this.fifo.read(this.#buffer);
    if (typeof size === 'number') this.text += this.#buffer.toString('latin1', 0, size);
    if (size === 'ended') {
      this.ends++;
      this.fifo.close();
    }
    return size;
  }
}

test('what the engine wrote is read, before and after the FIFO was opened', async (t) => {
  const { path, writer } = makeFifo();
  writeSync(writer, 'early ');
  const reader = new Reader(path);
  await until('the early bytes', () => reader.text === 'early ');
  writeSync(writer, 'late');
  await until('the late bytes', () => reader.text === 'early late');
  t.is(reader.ends, 0);
  reader.fifo.close();
  closeSync(writer);
});

test('more than a pipe holds is read in order', async (t) => {
  const { path, writer } = makeFifo();
  const reader = new Reader(path);
  let sent = '';
  for (let i = 0; sent.length < 1_000_000; i++) {
    const block = `${i},`.repeat(2000);
    sent += block;
    for (let at = 0; at < block.length;) at += await until('room in the pipe', () => writeSync(writer, block.slice(at)));
  }
  await until('all bytes', () => reader.text.length >= sent.length);
  t.true(reader.text === sent);
  reader.fifo.close();
  closeSync(writer);
});

test('the end comes after the last byte', async (t) => {
  const { path, writer } = makeFifo();
  const reader = new Reader(path);
  writeSync(writer, 'last');
  closeSync(writer);
  await until('the end', () => reader.ends > 0);
  t.is(reader.text, 'last');
  for (let i = 0; i < 20; i++) await turn();
  t.is(reader.ends, 1);
});

test('a FIFO whose engine is gone ends, although nobody ever closes it again', async (t) => {
  const { path, writer } = makeFifo();
  closeSync(writer);
  const reader = new Reader(path);
  await until('the end', () => reader.ends > 0);
  t.is(reader.text, '');
});

test('bytes that nobody takes stay in the FIFO, for whoever opens it next', async (t) => {
  const { path, writer } = makeFifo();
  writeSync(writer, 'safe');
  let calls = 0;
  const idle = new Fifo(path, () => calls++);
  await until('it was told several times', () => calls > 2);
  idle.close();
  const reader = new Reader(path);
  await until('the bytes', () => reader.text === 'safe');
  t.pass();
  reader.fifo.close();
  closeSync(writer);
});

test('a FIFO that is paused tells nothing until it is resumed', async (t) => {
  const { path, writer } = makeFifo();
  const reader = new Reader(path);
  await until('the first look', () => reader.calls > 0);
  reader.fifo.pause();
  const calls = reader.calls;
  writeSync(writer, 'later');
  for (let i = 0; i < 20; i++) await turn();
  t.is(reader.calls, calls);
  reader.fifo.resume();
  await until('the bytes', () => reader.text === 'later');
  reader.fifo.close();
  closeSync(writer);
});

test('an empty FIFO is read as empty and does not block', (t) => {
  const { path, writer } = makeFifo();
  const { fifo } = new Reader(path);
  t.is(fifo.read(Buffer.alloc(10)), 'empty');
  fifo.close();
  closeSync(writer);
});

test('bytes move into a file at the position asked for, up to the size asked for', (t) => {
  const { path, writer } = makeFifo();
  const { fifo } = new Reader(path);
  const file = join(folder, 'moved');
  const fd = openSync(file, 'w+');
  writeSync(fd, 'head ');
  writeSync(writer, 'one two');
  t.is(fifo.available, 7);
  t.deepEqual([fifo.splice(fd, 5, 4), fifo.splice(fd, 9, 100), fifo.splice(fd, 12, 100), fifo.available], [4, 3, undefined, 0]);
  t.is(readFileSync(file, 'utf8'), 'head one two');
  closeSync(writer);
  t.is(fifo.splice(fd, 12, 100), 0, 'the end');
  fifo.close();
  closeSync(fd);
});

test('a container that fills its pipe gets a larger one', (t) => {
  const { path, writer } = makeFifo();
  const { fifo } = new Reader(path);
  const buffer = Buffer.alloc(64 * 1024);
  t.is(writeSync(writer, Buffer.alloc(200_000)), 65_536);
  fifo.read(buffer);
  t.is(writeSync(writer, Buffer.alloc(200_000)), 200_000);
  fifo.close();
  closeSync(writer);
});

test('after close nothing is told, and closing twice or reading is safe', async (t) => {
  const { path, writer } = makeFifo();
  const reader = new Reader(path);
  writeSync(writer, 'unread');
  reader.fifo.close();
  reader.fifo.close();
  reader.fifo.resume();
  t.deepEqual([reader.read(), reader.fifo.splice(0, 0, 10), reader.fifo.available], ['empty', undefined, 0]);
  closeSync(writer);
  for (let i = 0; i < 20; i++) await turn();
  t.deepEqual([reader.text, reader.calls], ['', 0]);
});

test('reading is safe at every moment of the engine closing its end', async (t) => {
  const { path, writer } = makeFifo();
  const reader = new Reader(path);
  await turn();
  closeSync(writer);
  while (reader.ends === 0) {
    t.notThrows(() => reader.read());
    await turn();
  }
  t.is(reader.ends, 1);
});

const FORBIDDEN = /no such file|permission denied|is a directory|executable file not found/i;

function refusal(path: string): string {
  try {
    new Fifo(path, () => undefined).close();
  } catch (error) {
    return (error as Error).message;
  }
  return 'opened';
}

test('a path that cannot be a FIFO is refused by name, in words that the CLI does not take for the container\'s fault', (t) => {
  const file = join(folder, 'file');
  const link = join(folder, 'link');
  const { path, writer } = makeFifo();
  writeFileSync(file, 'x');
  symlinkSync(path, link);
  const rows: readonly [string, RegExp][] = [
    [join(folder, 'missing'), /there is nothing at that path/], [join(file, 'below'), /cannot be opened/], [file, /it is not a FIFO/],
    [folder, /it is not a FIFO/], [link, /it is a symbolic link/], ['/dev/null', /it is not a FIFO/], ['', /cannot be opened/],
  ];
  for (const [at, words] of rows) {
    const said = refusal(at);
    t.regex(said, words);
    t.true(said.includes(JSON.stringify(at)), said);
    t.notRegex(said, FORBIDDEN);
  }
  closeSync(writer);
});

test('a path with a NUL byte is refused like any other', (t) => {
  t.regex(refusal(`${folder}/a\0b`), /log FIFO ".*" cannot be opened/);
});

test('refused paths leave no descriptor behind', (t) => {
  const first = openSync('/dev/null', 'r');
  closeSync(first);
  for (let i = 0; i < 20; i++) refusal('/dev/null');
  const second = openSync('/dev/null', 'r');
  closeSync(second);
  t.true(second <= first + 3, `descriptor ${first} was free before, ${second} after`);
});

test('S6: a hundred silent FIFOs hold up no file access', async (t) => {
  const all = Array.from({ length: 100 }, () => makeFifo());
  const fifos = all.map(({ path }) => new Fifo(path, () => undefined));
  t.true((await readFile(new URL(import.meta.url))).length > 0);
  for (const fifo of fifos) fifo.close();
  for (const { writer } of all) closeSync(writer);
});

for (const [what, path] of [
  ['relative', 'run/docker/logging/abc'],
  ['with ..', '/run/docker/logging/../../../etc/fifo'],
  ['with .', '/run/docker/logging/./abc'],
  ['with two slashes', '/run//docker/logging/abc'],
  ['with a NUL', '/run/docker/logging/abc\0'],
] as const) {
  test(`A3: a path ${what} is refused before it is looked at`, (t) => {
    t.throws(() => new Fifo(path, () => t.fail()), { instanceOf: FifoError, message: /^log FIFO ".*" cannot be opened: wanted an absolute path without "\." and "\.\."$/ });
  });
}
