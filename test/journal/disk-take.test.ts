import test from 'ava';
import type { ByteSource } from '../../src/core/journal.ts';
import type { CrashFileSystem } from '../support/crash-file-system.ts';
import { bytes, newHost, open, segments, text } from '../support/journal-host.ts';

/** A pipe in memory, whose bytes move into files of the file system as splice(2) moves them: a disk that refuses leaves them where they are. */
class Pipe implements ByteSource {
  readonly #fs: CrashFileSystem;
  #content: Buffer;
  isClosed = false;
  /** Passed through the process. */
  copied = 0;

  constructor(fs: CrashFileSystem, content: string) {
    this.#fs = fs;
    this.#content = bytes(content);
  }

  get available(): number {
    return this.#content.length;
  }

  read(into: Uint8Array): number | 'empty' | 'ended' {
    if (this.available === 0) return this.isClosed ? 'ended' : 'empty';
    const size = this.#content.copy(into);
    this.copied += size;
    this.#content = this.#content.subarray(size);
    return size;
  }

  splice(fd: number, position: number, most: number): number | undefined {
    if (this.available === 0) return this.isClosed ? 0 : undefined;
    try {
      const size = this.#fs.write(fd, this.#content, 0, Math.min(most, this.available), position);
      this.#content = this.#content.subarray(size);
      return size;
    } catch {
      // As the system call: an error number, and nothing else.
      return undefined;
    }
  }
}

test('what a source has goes into the file past the process, and is read from there', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  const pipe = new Pipe(fs, 'one two ');
  t.is(journal.take(pipe), 8);
  t.deepEqual([pipe.copied, journal.head, text(journal)], [0, 8, 'one two ']);
  t.deepEqual(journal.take(pipe), 'empty');
  pipe.isClosed = true;
  t.is(journal.take(pipe), 'ended');
});

test('what was taken is found by the next process, in order with what was appended', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  journal.take(new Pipe(fs, 'one '));
  journal.append(bytes('two '));
  journal.take(new Pipe(fs, 'three'));
  fs.kill();
  t.is(text(open(newHost({ fs }).budget).journal), 'one two three');
});

test('no file is begun for a source that is silent', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  t.is(journal.take(new Pipe(fs, '')), 'empty');
  const ended = new Pipe(fs, '');
  ended.isClosed = true;
  t.is(journal.take(ended), 'ended');
  t.deepEqual(fs.names('/'), []);
});

test('K1: what a full disk refuses is taken into memory, and the listener is told why', (t) => {
  const { fs, budget, said } = newHost();
  const { journal } = open(budget);
  journal.take(new Pipe(fs, 'one '));
  fs.inject = (call) => call.startsWith('write') ? { code: 'ENOSPC' } : undefined;
  const pipe = new Pipe(fs, 'two ');
  t.is(journal.take(pipe), 4);
  t.deepEqual([pipe.copied, journal.volatileBytes, text(journal), said], [4, 4, 'one two ', ['failed ENOSPC']]);
});

test('a segment takes no more than fits, and the rest goes into the next one', (t) => {
  const { fs, budget } = newHost({ limit: 512 * 1024 });
  const { journal } = open(budget);
  const pipe = new Pipe(fs, 'x'.repeat(100_000));
  t.deepEqual([journal.take(pipe), journal.take(pipe), journal.take(pipe)], [65_536, 34_464, 'empty']);
  t.is(segments(fs).length, 2);
  t.is(text(journal).length, 100_000);
});
