import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, closeSync, rmSync, symlinkSync, writeSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Fifo, type FifoListener } from '../../src/docker/fifo.ts';
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

class Heard implements FifoListener {
  text = '';
  readonly ends: (string | undefined)[] = [];

  read(bytes: Uint8Array): void {
    this.text += Buffer.from(bytes).toString('latin1');
  }

  end(reason?: string): void {
    this.ends.push(reason);
  }
}

test('what the engine wrote is read, before and after the FIFO was opened', async (t) => {
  const { path, writer } = makeFifo();
  const heard = new Heard();
  writeSync(writer, 'early ');
  const fifo = new Fifo(path, heard);
  await until('the early bytes', () => heard.text === 'early ');
  writeSync(writer, 'late');
  await until('the late bytes', () => heard.text === 'early late');
  t.deepEqual(heard.ends, []);
  fifo.close();
  closeSync(writer);
});

test('more than a pipe holds is read in order', async (t) => {
  const { path, writer } = makeFifo();
  const heard = new Heard();
  const fifo = new Fifo(path, heard);
  let sent = '';
  for (let i = 0; sent.length < 1_000_000; i++) {
    const block = `${i},`.repeat(2000);
    sent += block;
    for (let at = 0; at < block.length;) at += await until('room in the pipe', () => writeSync(writer, block.slice(at)));
  }
  await until('all bytes', () => heard.text.length >= sent.length);
  t.true(heard.text === sent);
  fifo.close();
  closeSync(writer);
});

test('the end comes once, after the last byte', async (t) => {
  const { path, writer } = makeFifo();
  const heard = new Heard();
  new Fifo(path, heard);
  writeSync(writer, 'last');
  closeSync(writer);
  await until('the end', () => heard.ends.length > 0);
  t.is(heard.text, 'last');
  await turn();
  t.deepEqual(heard.ends, [undefined]);
});

test('a FIFO whose engine is gone ends, although nobody ever closes it again', async (t) => {
  const { path, writer } = makeFifo();
  closeSync(writer);
  const heard = new Heard();
  const fifo = new Fifo(path, heard);
  try {
    await until('the end', () => heard.ends.length > 0);
    t.is(heard.text, '');
  } finally {
    fifo.close();
  }
});

test('drain reads at once all that is there', (t) => {
  const { path, writer } = makeFifo();
  const heard = new Heard();
  const fifo = new Fifo(path, heard);
  writeSync(writer, 'x'.repeat(60_000));
  fifo.drain(1_000_000);
  t.is(heard.text.length, 60_000);
  fifo.drain(1_000_000);
  t.is(heard.text.length, 60_000, 'an empty FIFO brings nothing and does not block');
  fifo.close();
  closeSync(writer);
});

test('drain stops at its limit: a container that never stops writing must not hold up the others', (t) => {
  const { path, writer } = makeFifo();
  let total = 0;
  const fifo = new Fifo(path, {
    read: (bytes) => {
      total += bytes.length;
      writeSync(writer, bytes);
    },
    end: () => undefined,
  });
  writeSync(writer, 'x'.repeat(1000));
  fifo.drain(50_000);
  t.true(total >= 50_000 && total < 50_000 + 64 * 1024, `${total} bytes`);
  fifo.close();
  closeSync(writer);
});

test('after close nothing is called, and closing twice or draining is safe', async (t) => {
  const { path, writer } = makeFifo();
  const heard = new Heard();
  const fifo = new Fifo(path, heard);
  writeSync(writer, 'unread');
  fifo.close();
  fifo.close();
  fifo.drain(1000);
  closeSync(writer);
  for (let i = 0; i < 20; i++) await turn();
  t.deepEqual([heard.text, heard.ends], ['', []]);
});

test('closing from within a read stops it', async (t) => {
  const { path, writer } = makeFifo();
  const heard = new Heard();
  const fifo: Fifo = new Fifo(path, {
    read: (bytes) => {
      heard.read(bytes);
      fifo.close();
    },
    end: () => heard.end(),
  });
  writeSync(writer, 'x'.repeat(60_000));
  await until('the first read', () => heard.text !== '');
  fifo.drain(1_000_000);
  for (let i = 0; i < 20; i++) await turn();
  t.is(heard.text.length, 60_000);
  t.deepEqual(heard.ends, []);
  closeSync(writer);
});

test('draining is safe at every moment of the engine closing its end', async (t) => {
  const { path, writer } = makeFifo();
  const heard = new Heard();
  const fifo = new Fifo(path, heard);
  await turn();
  closeSync(writer);
  // `setImmediate` comes between the end of file and the closing of the descriptor behind it.
  while (heard.ends.length === 0) {
    t.notThrows(() => fifo.drain(1000));
    await turn();
  }
  t.deepEqual(heard.ends, [undefined]);
});

const FORBIDDEN = /no such file|permission denied|is a directory|executable file not found/i;

function refusal(path: string): string {
  try {
    new Fifo(path, new Heard()).close();
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

test('a hundred silent FIFOs hold up no file access', async (t) => {
  const all = Array.from({ length: 100 }, () => makeFifo());
  const fifos = all.map(({ path }) => new Fifo(path, new Heard()));
  t.true((await readFile(new URL(import.meta.url))).length > 0);
  for (const fifo of fifos) fifo.close();
  for (const { writer } of all) closeSync(writer);
});
