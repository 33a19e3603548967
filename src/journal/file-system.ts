/**
 * The few calls that the disk journal makes, all synchronous but for one: what stands behind them may be a disk that is full,
 * broken or, in tests, one that forgets what was not synced. Every call may throw the system's error.
 */
import {
  close, closeSync, constants, fdatasync, fdatasyncSync, fstatSync, fsync, fsyncSync, mkdirSync, open, openSync, readdirSync, readSync, renameSync,
  rmSync, statfsSync, statSync, unlinkSync, writeSync,
} from 'node:fs';

/** `create` makes a file or empties it, `update` makes it or keeps it, `write` and `read` want it to be there. */
export type OpenMode = 'create' | 'update' | 'write' | 'read';

export interface SyncTarget {
  readonly path: string;
  readonly isFolder: boolean;
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface FileSystem {
  /** With those above it; nothing happens when it is there. */
  makeFolder(path: string): void;
  /** The names in a folder; none when it is not there. */
  list(path: string): readonly string[];
  open(path: string, mode: OpenMode): number;
  close(fd: number): void;
  /** undefined: not a regular file. */
  size(fd: number): number | undefined;
  /** Reads into `into`; returns how many bytes came, 0 at the end of the file. */
  read(fd: number, into: Uint8Array, position: number): number;
  /** Writes bytes[from, from + size) or the first of them; returns how many, at least one. */
  write(fd: number, bytes: Uint8Array, from: number, size: number, position: number): number;
  /** Returns when the file's bytes are safe from a power failure; its name is safe after `syncFolder`. */
  sync(fd: number): void;
  syncFolder(path: string): void;
  /** The same for a path, meanwhile: `done` is called later, with the system's error if there was one. */
  syncLater(target: SyncTarget, done: (error: Error | undefined) => void): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** A file or a folder with everything in it; nothing happens when it is not there. */
  remove(path: string): void;
  space(path: string): Space;
}

const { O_CREAT, O_NOATIME, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC } = constants;
/**
 * Opening a FIFO that lies where a file should be must not wait for its writer. A file that is written and read all the time would
 * be marked as read each time; only who owns it may ask for leaving that out.
 */
const FLAGS: Readonly<Record<OpenMode, number>> = {
  create: O_RDWR | O_CREAT | O_TRUNC | O_NOATIME | O_NOFOLLOW | O_NONBLOCK,
  update: O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
  write: O_RDWR | O_NOFOLLOW | O_NONBLOCK,
  read: O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
};

/** The machine's own. What it makes only its owner can read: it holds log lines. */
export const nodeFileSystem: FileSystem = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  // Each session begins without a folder: making an error of that costs more than this look.
  list: (path) => statSync(path, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(path),
  open: (path, mode) => openSync(path, FLAGS[mode], 0o600),
  close: (fd) => closeSync(fd),
  size: (fd) => {
    const stats = fstatSync(fd);
    return stats.isFile() ? stats.size : undefined;
  },
  read: (fd, into, position) => readSync(fd, into, 0, into.length, position),
  write: (fd, bytes, from, size, position) => writeSync(fd, bytes, from, size, position),
  sync: (fd) => fdatasyncSync(fd),
  syncFolder: (path) => {
    const fd = openSync(path, O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  syncLater: ({ path, isFolder }, done) => {
    open(path, FLAGS.read, (failure, fd) => {
      if (failure !== null) return done(failure);
      (isFolder ? fsync : fdatasync)(fd, (error) => close(fd, (late) => done(error ?? late ?? undefined)));
    });
  },
  rename: (from, to) => renameSync(from, to),
  unlink: (path) => unlinkSync(path),
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  space: (path) => {
    const { bavail, blocks, bsize } = statfsSync(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },
};

/** The code of a system's error; undefined for everything else, which is a bug and must not be taken for a bad disk. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && 'syscall' in error ? String(error.code) : undefined;
}

/** The machine is short of something, or does not let this process: says nothing about the file. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EACCES', 'EPERM']);

export function isShortage(error: unknown): boolean {
  return SHORTAGES.has(systemCode(error) ?? '');
}
