/**
 * Tells the next process which session was in hand when this one died: one whose lines or record kill the process that
 * touches them must not do so for ever.
 */
import { join } from 'node:path';
import { systemCode, type FileSystem } from './file-system.ts';

const FILE = 'suspect';
const CONTENT = /^([0-9a-f]{32}) (\d{6})\n/u;
const CONTENT_BYTES = 32 + 1 + 6 + 1;

export class Suspect {
  readonly #fs: FileSystem;
  readonly #path: string;
  /** -1: the disk does not take it. The driver works without. */
  readonly #fd: number;
  /** Whom the processes before this one died with, and how many of them. */
  readonly #earlier: { readonly key: string; readonly deaths: number };
  #isAccused = false;

  constructor(fs: FileSystem, state: string) {
    this.#fs = fs;
    this.#path = join(state, FILE);
    this.#fd = this.#attempt(-1, () => this.#open());
    const [, key = '', deaths = '0'] = CONTENT.exec(this.#attempt('', () => this.#read())) ?? [];
    this.#earlier = { key, deaths: Number(deaths) };
  }

  /** The session is in hand from now on. Returns how many processes in a row have died with it. */
  accuse(key: string): number {
    const deaths = key === this.#earlier.key ? this.#earlier.deaths : 0;
    this.#write(`${key} ${String(deaths + 1).padStart(6, '0')}\n`);
    this.#isAccused = true;
    return deaths;
  }

  /** No session is in hand. */
  acquit(): void {
    if (this.#isAccused) this.#write(' '.repeat(CONTENT_BYTES));
    this.#isAccused = false;
  }

  /** Whatever lies there is put right once. */
  #open(): number {
    try {
      const fd = this.#fs.open(this.#path, 'update');
      if (this.#fs.size(fd) !== undefined) return fd;
      this.#fs.close(fd);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
    this.#fs.remove(this.#path);
    return this.#fs.open(this.#path, 'update');
  }

  #read(): string {
    const bytes = Buffer.alloc(CONTENT_BYTES);
    return this.#fd < 0 ? '' : bytes.toString('latin1', 0, this.#fs.read(this.#fd, bytes, 0));
  }

  #write(content: string): void {
    if (this.#fd >= 0) this.#attempt(0, () => this.#fs.write(this.#fd, Buffer.from(content, 'latin1'), 0, CONTENT_BYTES, 0));
  }

  #attempt<T>(otherwise: T, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return otherwise;
    }
  }
}
