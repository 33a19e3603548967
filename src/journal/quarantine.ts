/**
 * Where files and folders go that cannot be believed, for somebody to look at: they are never read again, and the
 * oldest are removed when there are too many.
 */
import { basename, dirname, join } from 'node:path';
import { systemCode, type FileSystem } from './file-system.ts';

export const QUARANTINE_FOLDER = 'quarantine';
const MIB = 1024 * 1024;
const NAME = /^(\d{8})-/u;

export interface QuarantineLimits {
  readonly entries: number;
  /** Of all entries together. */
  readonly bytes: number;
  /** What is larger is removed: keeping it could fill the disk. */
  readonly largest: number;
}

/** For segments, which are at most 4 MiB: the journal did not write what is larger. */
const SEGMENTS: QuarantineLimits = { entries: 16, bytes: 64 * MIB, largest: 8 * MIB };

interface Entry {
  readonly path: string;
  readonly size: number;
}

export class Quarantine {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #limits: QuarantineLimits;
  /** Oldest first; looked for when they are needed. */
  #entries: Entry[] | undefined;

  constructor(fs: FileSystem, root: string, limits: QuarantineLimits = SEGMENTS) {
    this.#fs = fs;
    this.#path = join(root, QUARANTINE_FOLDER);
    this.#limits = limits;
  }

  /**
   * Moves a file or folder away; false when it was removed, being too large. Throws the system's error; then it is
   * where it was, or gone.
   */
  take(path: string, size: number = this.#sizeOf(path)): boolean {
    if (size > this.#limits.largest) {
      this.#fs.remove(path);
      return false;
    }
    this.#fs.makeFolder(this.#path);
    const entries = this.#entries ??= this.#find();
    const number = 1 + Number(NAME.exec(basename(entries.at(-1)?.path ?? ''))?.[1] ?? 0);
    this.#makeRoom(entries, size);
    const target = join(this.#path, `${String(number).padStart(8, '0')}-${basename(dirname(path))}-${basename(path)}`);
    this.#fs.rename(path, target);
    entries.push({ path: target, size });
    return true;
  }

  #makeRoom(entries: Entry[], size: number): void {
    let bytes = entries.reduce((sum, entry) => sum + entry.size, size);
    while (entries.length > 0 && (entries.length >= this.#limits.entries || bytes > this.#limits.bytes)) {
      const { path, size: freed } = entries[0] as Entry;
      this.#fs.remove(path);
      entries.shift();
      bytes -= freed;
    }
  }

  #find(): Entry[] {
    const names = this.#fs.list(this.#path).filter((name) => NAME.test(name)).sort();
    return names.map((name) => ({ path: join(this.#path, name), size: this.#sizeOf(join(this.#path, name)) }));
  }

  /** Bytes in a file, or in the files of a folder; what cannot be looked at counts as nothing. */
  #sizeOf(path: string): number {
    try {
      return this.#fs.list(path).reduce((sum, name) => sum + this.#sizeOf(join(path, name)), 0);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return systemCode(error) === 'ENOTDIR' ? this.#fileSize(path) : 0;
    }
  }

  #fileSize(path: string): number {
    try {
      const fd = this.#fs.open(path, 'read');
      try {
        return this.#fs.size(fd) ?? 0;
      } finally {
        this.#fs.close(fd);
      }
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return 0;
    }
  }
}
