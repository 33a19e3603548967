/**
 * A segment is a run of contiguous bytes of one session: a file, or memory while the disk does not take bytes. A file
 * is named after the offset of its first byte and begins with a header that says whose it is:
 *
 *   8 magic · 4 version · 8 offset of the first byte · 16 digest of the session's id · 4 CRC-32 of these
 *
 * All numbers are little-endian.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { systemCode, type FileSystem, type SyncTarget } from './file-system.ts';
import { FolderNames } from './folder-names.ts';

export const HEADER_BYTES = 40;
export const MAX_SEGMENT_BYTES = 4 * 1024 * 1024;
const MAGIC = 'NLDSEGM\n';
const VERSION = 1;
const DIGEST_BYTES = 16;
const SUFFIX = '.seg';
const NAME = /^[0-9a-f]{16}\.seg$/u;
/** No session gets there, and offsets behind it are still exact numbers. */
const MAX_BASE = 2 ** 52;

/** Bytes [base, end). */
export interface Segment {
  readonly base: number;
  end: number;
  /** Holds the bytes from its start on; undefined: they are in a file. Taken from the memory budget. */
  readonly memory: Buffer | undefined;
  /** A power failure cannot take it. */
  isSynced: boolean;
}

export type MemorySegment = Segment & { readonly memory: Buffer };

export function isMemory(segment: Segment): segment is MemorySegment {
  return segment.memory !== undefined;
}

/** The offset that a file's name claims; undefined: no name of a segment. */
export function baseOf(name: string): number | undefined {
  const base = NAME.test(name) ? Number.parseInt(name, 16) : MAX_BASE;
  return base < MAX_BASE ? base : undefined;
}

/** The files of one session. */
export class SegmentFolder {
  readonly path: string;
  /** Of the files, and of the folder itself: the latter is shared by all sessions. */
  readonly #names: FolderNames;
  readonly #root: FolderNames;
  readonly #fs: FileSystem;
  readonly #id: string;
  #isMade = false;

  constructor(fs: FileSystem, root: FolderNames, path: string, id: string) {
    this.#fs = fs;
    this.#root = root;
    this.#names = new FolderNames(fs, path);
    this.path = path;
    this.#id = id;
  }

  /** Begins the checksums of a session's other files: a file that strayed in from another session is not believed. */
  get seed(): number {
    return crc32(this.#id);
  }

  file(base: number): string {
    return join(this.path, base.toString(16).padStart(16, '0') + SUFFIX);
  }

  /** Where in its file the byte at `offset` lies. */
  position(segment: Segment, offset: number): number {
    return HEADER_BYTES + offset - segment.base;
  }

  header(base: number): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC, 'latin1');
    header.writeUInt32LE(VERSION, 8);
    header.writeBigUInt64LE(BigInt(base), 12);
    hash('sha256', this.#id, 'buffer').copy(header, 20, 0, DIGEST_BYTES);
    header.writeUInt32LE(crc32(header.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
    return header;
  }

  make(): void {
    if (this.#isMade) return;
    this.#fs.makeFolder(this.path);
    this.#isMade = true;
    this.changed();
  }

  /** Makes a file with a header and no bytes; returns its descriptor. */
  create(base: number): number {
    const fd = this.#open(base);
    try {
      this.#names.changed();
      writeWhole(this.#fs, fd, this.header(base), HEADER_BYTES, 0);
      return fd;
    } catch (error) {
      this.#discard(fd, base);
      throw error;
    }
  }

  /** The folder, or what is in it, may not be safe from a power failure. */
  changed(): void {
    this.#names.changed();
    this.#root.changed();
  }

  get isSafe(): boolean {
    return this.#names.isSafe && this.#root.isSafe;
  }

  /** Throws the system's error. */
  sync(): void {
    this.#names.sync();
    this.#root.sync();
  }

  *makeSafe(): Generator<SyncTarget, void> {
    yield* this.#names.makeSafe();
    yield* this.#root.makeSafe();
  }

  /** Files that could not be begun must not pile up while a disk is full. What stays all the same is harmless. */
  #discard(fd: number, base: number): void {
    try {
      this.#fs.close(fd);
      this.#fs.unlink(this.file(base));
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }

  /** Somebody may have taken the folder away: it is made again at the next try. */
  #open(base: number): number {
    this.make();
    this.#isMade = false;
    const fd = this.#fs.open(this.file(base), 'create');
    this.#isMade = true;
    return fd;
  }
}

/** Writes bytes[0, size), in as many calls as it takes. */
export function writeWhole(fs: FileSystem, fd: number, bytes: Uint8Array, size: number, position: number): void {
  for (let from = 0; from < size;) from += fs.write(fd, bytes, from, size - from, position + from);
}
