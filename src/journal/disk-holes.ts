/**
 * What was given up in the middle of a session's bytes. On disk: one record of 20 bytes per hole (from, to, CRC-32
 * begun with the session's seed), the whole file written anew and renamed when the list changes. A power failure may
 * take the newest list: lines that were counted as dropped are then delivered, and nothing else happens.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Range } from '../core/journal.ts';
import type { FileSystem } from './file-system.ts';
import { writeWhole } from './segment.ts';

export const HOLES_FILE = 'holes';
export const NEW_HOLES_FILE = 'holes.new';
const RECORD_BYTES = 20;
const CHECKED_BYTES = RECORD_BYTES - 4;
/** More are not believed; the bytes in flight, behind which holes open, bound them to far fewer. */
const MAX_FILE_BYTES = RECORD_BYTES * 10_000;

export class Holes {
  /** In order; they neither touch nor overlap. */
  readonly #list: Range[] = [];

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  /** Where the last one ends. */
  get end(): number {
    return this.#list.at(-1)?.to ?? 0;
  }

  /** Swallows the holes that it touches. */
  add(from: number, to: number): void {
    let index = 0;
    while (index < this.#list.length && (this.#list[index] as Range).to < from) index++;
    let count = 0;
    for (let hole = this.#list[index]; hole !== undefined && hole.from <= to; hole = this.#list[index + ++count]) {
      from = Math.min(from, hole.from);
      to = Math.max(to, hole.to);
    }
    this.#list.splice(index, count, { from, to });
  }

  /** The first offset at or after `offset` that lies in no hole. */
  skip(offset: number): number {
    for (const { from, to } of this.#list) if (from <= offset && offset < to) return to;
    return offset;
  }

  /** Where the first hole after `offset` begins. */
  next(offset: number): number {
    for (const { from } of this.#list) if (from > offset) return from;
    return Number.POSITIVE_INFINITY;
  }

  /** Forgets what lies before `offset`. */
  release(offset: number): void {
    while (this.#list.length > 0 && (this.#list[0] as Range).to <= offset) this.#list.shift();
  }

  /** Throws the system's error; then the file is as it was. A file of holes that are all released is harmless. */
  save(fs: FileSystem, folder: string, seed: number): void {
    const bytes = this.#encode(seed);
    const path = join(folder, NEW_HOLES_FILE);
    const fd = fs.open(path, 'create');
    try {
      writeWhole(fs, fd, bytes, bytes.length, 0);
    } finally {
      fs.close(fd);
    }
    fs.rename(path, join(folder, HOLES_FILE));
  }

  /** Throws the system's error, also when there is no such file. */
  load(fs: FileSystem, folder: string, seed: number): void {
    const fd = fs.open(join(folder, HOLES_FILE), 'read');
    try {
      const bytes = Buffer.alloc(Math.min(fs.size(fd) ?? 0, MAX_FILE_BYTES));
      this.#decode(bytes.subarray(0, fs.read(fd, bytes, 0)), seed);
    } finally {
      fs.close(fd);
    }
  }

  #encode(seed: number): Buffer {
    const bytes = Buffer.alloc(this.#list.length * RECORD_BYTES);
    this.#list.forEach(({ from, to }, index) => {
      const record = bytes.subarray(index * RECORD_BYTES);
      record.writeBigUInt64LE(BigInt(from), 0);
      record.writeBigUInt64LE(BigInt(to), 8);
      record.writeUInt32LE(crc32(record.subarray(0, CHECKED_BYTES), seed), CHECKED_BYTES);
    });
    return bytes;
  }

  /** A record that was damaged is left out. */
  #decode(bytes: Buffer, seed: number): void {
    for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const sum = crc32(bytes.subarray(at, at + CHECKED_BYTES), seed);
      if (bytes.readUInt32LE(at + CHECKED_BYTES) !== sum) continue;
      this.add(Number(bytes.readBigUInt64LE(at)), Number(bytes.readBigUInt64LE(at + 8)));
    }
  }
}
