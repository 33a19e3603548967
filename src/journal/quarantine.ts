/**
 * Where files go that a journal cannot believe, for somebody to look at: they are never read again, and the oldest
 * are removed when there are too many.
 */
import { basename, dirname, join } from 'node:path';
import type { FileSystem } from './file-system.ts';

export const QUARANTINE_FOLDER = 'quarantine';
/** A segment is at most 4 MiB, so this is at most 64 MiB of what the journal itself wrote. */
const MAX_FILES = 16;
/** Larger than a segment: the journal did not write it, and keeping it could fill the disk. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const NAME = /^(\d{8})-/u;

export class Quarantine {
  readonly #fs: FileSystem;
  readonly #path: string;

  constructor(fs: FileSystem, root: string) {
    this.#fs = fs;
    this.#path = join(root, QUARANTINE_FOLDER);
  }

  /** Moves a file or folder of `size` bytes away. Throws the system's error; then it is where it was, or gone. */
  take(path: string, size: number): void {
    if (size > MAX_FILE_BYTES) return this.#fs.remove(path);
    this.#fs.makeFolder(this.#path);
    const numbered = this.#fs.list(this.#path).filter((name) => NAME.test(name)).sort();
    while (numbered.length >= MAX_FILES) this.#fs.remove(join(this.#path, numbered.shift() as string));
    const number = 1 + Number(NAME.exec(numbered.at(-1) ?? '')?.[1] ?? 0);
    const name = `${String(number).padStart(8, '0')}-${basename(dirname(path))}-${basename(path)}`;
    this.#fs.rename(path, join(this.#path, name));
  }
}
