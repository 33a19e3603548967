/**
 * A file system in memory that fails on demand and forgets as a power failure does: of what was not synced any part
 * may reach the disk, in any order, torn anywhere; names and bytes apart. Stricter than any real one.
 */
import { dirname, basename } from 'node:path';
import type { FileSystem, OpenMode, Space, SyncTarget } from '../../src/journal/file-system.ts';

/** The process ends within the call. */
export class Crash extends Error {
  /** Bytes that the call had written. */
  readonly written: number;

  constructor(written = 0) {
    super();
    this.written = written;
  }
}

/** What happens to a call instead of what was asked: an error, a write cut short, or the end of the process. */
export type Fault = { readonly code: string } | { readonly short: number } | 'crash';

/** Asked before every call; `path` is that of the file or folder. */
export type Inject = (call: keyof FileSystem, path: string) => Fault | undefined;

/** Whole numbers from 0 to `limit` - 1. */
export type Random = (limit: number) => number;

/** Bytes written at an offset, or, with none, the file emptied. */
interface Write {
  readonly at: number;
  readonly bytes: Buffer | undefined;
}

class File {
  bytes: Buffer = Buffer.alloc(0);
  durable: Buffer = Buffer.alloc(0);
  pending: Write[] = [];

  apply(write: Write): void {
    this.bytes = applied(this.bytes, write);
    this.pending.push(write);
  }

  sync(): void {
    this.durable = this.bytes;
    this.pending = [];
  }

  /** Makes safe what is there now, when it is called; later changes are not. */
  beginSync(): () => void {
    const { bytes } = this;
    const begun = new Set(this.pending);
    return () => {
      if (!this.pending.some((write) => begun.has(write))) return;
      this.durable = bytes;
      this.pending = this.pending.filter((write) => !begun.has(write));
    };
  }

  losePower(random: Random): void {
    for (const write of this.pending) {
      const luck = random(3);
      if (luck === 0) continue;
      const bytes = luck === 1 ? write.bytes : write.bytes?.subarray(0, random(write.bytes.length + 1));
      this.durable = applied(this.durable, { at: write.at, bytes });
    }
    this.bytes = this.durable;
    this.pending = [];
  }
}

type Entry = File | Folder;

/** One change of a folder, complete or not at all. */
type Change = (entries: Map<string, Entry>) => void;

class Folder {
  entries = new Map<string, Entry>();
  durable = new Map<string, Entry>();
  pending: Change[] = [];

  apply(change: Change): void {
    change(this.entries);
    this.pending.push(change);
  }

  sync(): void {
    this.durable = new Map(this.entries);
    this.pending = [];
  }

  beginSync(): () => void {
    const entries = new Map(this.entries);
    const begun = new Set(this.pending);
    return () => {
      if (!this.pending.some((change) => begun.has(change))) return;
      this.durable = entries;
      this.pending = this.pending.filter((change) => !begun.has(change));
    };
  }

  losePower(random: Random): void {
    for (const change of this.pending) if (random(2) === 0) change(this.durable);
    this.pending = [];
    this.entries = new Map(this.durable);
    for (const entry of this.entries.values()) entry.losePower(random);
  }
}

/** Changed bytes are a new buffer: older states stay as they were. */
function applied(bytes: Buffer, { at, bytes: written }: Write): Buffer {
  if (written === undefined) return Buffer.alloc(0);
  const next = Buffer.alloc(Math.max(bytes.length, at + written.length));
  bytes.copy(next);
  written.copy(next, at);
  return next;
}

export class CrashFileSystem implements FileSystem {
  inject: Inject = () => undefined;
  /** Bytes that files may have together. */
  capacity = Number.POSITIVE_INFINITY;
  readonly #root = new Folder();
  readonly #open = new Map<number, { readonly file: Entry; readonly path: string }>();
  #nextFd = 3;
  /** Syncs that were begun and are not done. */
  #later: (() => void)[] = [];

  get openCount(): number {
    return this.#open.size;
  }

  get usedBytes(): number {
    const sizeOf = (entry: Entry): number =>
      entry instanceof File ? entry.bytes.length : [...entry.entries.values()].reduce((sum, each) => sum + sizeOf(each), 0);
    return sizeOf(this.#root);
  }

  /** The process is gone; what it wrote is not. */
  kill(): void {
    this.#open.clear();
    this.#later = [];
  }

  /** Syncs that were asked for end now: `count` of them, the oldest first. */
  settle(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count; i++) {
      const end = this.#later.shift();
      if (end === undefined) return;
      end();
    }
  }

  losePower(random: Random): void {
    this.kill();
    this.#root.losePower(random);
  }

  makeFolder(path: string): void {
    this.#before('makeFolder', path);
    let folder = this.#root;
    for (const name of path.split('/').filter(Boolean)) {
      const next = folder.entries.get(name) ?? new Folder();
      if (!(next instanceof Folder)) throw failure('ENOTDIR', 'mkdir', path);
      if (!folder.entries.has(name)) folder.apply((entries) => void entries.set(name, next));
      folder = next;
    }
  }

  list(path: string): readonly string[] {
    this.#before('list', path);
    const folder = this.#find(path);
    if (folder instanceof File) throw failure('ENOTDIR', 'scandir', path);
    return [...folder?.entries.keys() ?? []];
  }

  open(path: string, mode: OpenMode): number {
    this.#before('open', path);
    const known = this.#find(path);
    if (known instanceof Folder && mode !== 'read') throw failure('EISDIR', 'open', path);
    const file = known ?? this.#make(path, mode);
    if (mode === 'create' && file instanceof File && file.bytes.length > 0) file.apply({ at: 0, bytes: undefined });
    this.#open.set(this.#nextFd, { file, path });
    return this.#nextFd++;
  }

  close(fd: number): void {
    const { path } = this.#opened(fd);
    this.#open.delete(fd);
    this.#before('close', path);
  }

  size(fd: number): number | undefined {
    const { file, path } = this.#opened(fd);
    this.#before('size', path);
    return file instanceof File ? file.bytes.length : undefined;
  }

  read(fd: number, into: Uint8Array, position: number): number {
    const { file, path } = this.#opened(fd);
    this.#before('read', path);
    if (!(file instanceof File)) throw failure('EISDIR', 'read', path);
    return file.bytes.copy(into, 0, position, position + into.length);
  }

  write(fd: number, bytes: Uint8Array, from: number, size: number, position: number): number {
    const { file, path } = this.#opened(fd);
    const fault = this.inject('write', path);
    const room = Math.max(0, this.capacity - this.usedBytes + Math.min(size, (file as File).bytes.length - position));
    const wanted = fault !== undefined && fault !== 'crash' && 'short' in fault ? Math.max(1, Math.min(size, fault.short)) : size;
    const done = Math.min(wanted, room);
    if (fault !== undefined && fault !== 'crash' && 'code' in fault) throw failure(fault.code, 'write', path);
    if (done === 0) throw failure('ENOSPC', 'write', path);
    const written = fault === 'crash' ? done >> 1 : done;
    (file as File).apply({ at: position, bytes: Buffer.from(bytes.subarray(from, from + written)) });
    if (fault === 'crash') throw new Crash(written);
    return done;
  }

  sync(fd: number): void {
    const { file, path } = this.#opened(fd);
    this.#before('sync', path);
    file.sync();
  }

  syncFolder(path: string): void {
    this.#before('syncFolder', path);
    const folder = this.#find(path);
    if (folder === undefined) throw failure('ENOENT', 'open', path);
    folder.sync();
  }

  syncLater({ path, isFolder }: SyncTarget, done: (error: Error | undefined) => void): void {
    const entry = this.#find(path);
    const end = entry?.beginSync();
    this.#later.push(() => {
      const fault = this.inject('syncLater', path);
      if (fault === 'crash') throw new Crash();
      if (fault !== undefined && 'code' in fault) return done(failure(fault.code, 'fsync', path));
      if (end === undefined || entry instanceof Folder !== isFolder) return done(failure('ENOENT', 'open', path));
      end();
      done(undefined);
    });
  }

  rename(from: string, to: string): void {
    this.#before('rename', from);
    const entry = this.#find(from);
    if (entry === undefined) throw failure('ENOENT', 'rename', from);
    const [source, target] = [this.#parent(from), this.#parent(to)];
    if (source === target) {
      source.apply((entries) => {
        entries.delete(basename(from));
        entries.set(basename(to), entry);
      });
      return;
    }
    target.apply((entries) => void entries.set(basename(to), entry));
    source.apply((entries) => void entries.delete(basename(from)));
  }

  unlink(path: string): void {
    this.#before('unlink', path);
    if (!(this.#find(path) instanceof File)) throw failure('ENOENT', 'unlink', path);
    this.#parent(path).apply((entries) => void entries.delete(basename(path)));
  }

  remove(path: string): void {
    this.#before('remove', path);
    if (this.#find(path) !== undefined) this.#parent(path).apply((entries) => void entries.delete(basename(path)));
  }

  space(path: string): Space {
    this.#before('space', path);
    if (this.capacity === Number.POSITIVE_INFINITY) return { freeBytes: 2 ** 40, totalBytes: 2 ** 40 };
    return { freeBytes: this.capacity - this.usedBytes, totalBytes: this.capacity };
  }

  /** Files as tests see them, without faults. */
  peek(path: string): Buffer | undefined {
    const file = this.#find(path);
    return file instanceof File ? file.bytes : undefined;
  }

  /** Puts a file there, as somebody else would. */
  poke(path: string, bytes: Uint8Array): void {
    const inject = this.inject;
    this.inject = () => undefined;
    this.makeFolder(dirname(path));
    const fd = this.open(path, 'create');
    if (bytes.length > 0) this.write(fd, bytes, 0, bytes.length, 0);
    this.close(fd);
    this.inject = inject;
  }

  names(path: string): readonly string[] {
    const folder = this.#find(path);
    return folder instanceof Folder ? [...folder.entries.keys()].sort() : [];
  }

  /** A crash here is one before the call; the one after it is one before the next. */
  #before(call: keyof FileSystem, path: string): void {
    const fault = this.inject(call, path);
    if (fault === 'crash') throw new Crash();
    if (fault !== undefined && 'code' in fault) throw failure(fault.code, call, path);
  }

  #find(path: string): Entry | undefined {
    let entry: Entry | undefined = this.#root;
    for (const name of path.split('/').filter(Boolean)) entry = entry instanceof Folder ? entry.entries.get(name) : undefined;
    return entry;
  }

  #parent(path: string): Folder {
    const parent = this.#find(dirname(path));
    if (!(parent instanceof Folder)) throw failure('ENOENT', 'open', path);
    return parent;
  }

  #make(path: string, mode: OpenMode): File {
    if (mode === 'read' || mode === 'write') throw failure('ENOENT', 'open', path);
    const file = new File();
    this.#parent(path).apply((entries) => void entries.set(basename(path), file));
    return file;
  }

  #opened(fd: number): { readonly file: Entry; readonly path: string } {
    const opened = this.#open.get(fd);
    if (opened === undefined) throw failure('EBADF', 'write', String(fd));
    return opened;
  }
}

function failure(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall });
}
