/**
 * The offset that a session resumes at, in a file of two slots that are written in turn: a write that is torn by a
 * power failure leaves the other one as it was. A slot, little-endian:
 *
 *   8 number of the slot · 8 offset · 8 sequence · 8 epoch · 4 flags · 4 CRC-32, begun with the session's seed
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FileSystem, SyncTarget } from './file-system.ts';
import { writeWhole } from './segment.ts';

export const WATERMARK_FILE = 'watermark';
const SLOT_BYTES = 40;
const CHECKED_BYTES = SLOT_BYTES - 4;
const AHEAD = 1;

export interface Watermark {
  readonly offset: number;
  /** Messages before the offset. */
  readonly sequence: number;
  /** When the numbering began, in milliseconds since 1970. */
  readonly epoch: number;
  /** Bytes behind the files were appended in memory: their offsets may have been used. */
  readonly isAhead: boolean;
}

interface Slot extends Watermark {
  readonly number: number;
}

/** Shared by all: a slot is encoded and written within one call. */
const scratch = Buffer.alloc(SLOT_BYTES);

export class WatermarkFile {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #seed: number;
  #fd = -1;
  /** What the file says; undefined: nothing that can be believed. */
  #saved: Slot | undefined;
  /** What it would say after a power failure, or something newer. */
  #safe: Slot | undefined;

  constructor(fs: FileSystem, folder: string, seed: number, name = WATERMARK_FILE) {
    this.#fs = fs;
    this.#path = join(folder, name);
    this.#seed = seed;
  }

  get saved(): Watermark | undefined {
    return this.#saved;
  }

  /** Reads what an earlier process saved. Throws the system's error, also when there is no such file. */
  load(): void {
    const fd = this.#fs.open(this.#path, 'read');
    try {
      const bytes = Buffer.alloc(2 * SLOT_BYTES);
      const size = this.#fs.read(fd, bytes, 0);
      const first = this.#decode(bytes, 0, size);
      const second = this.#decode(bytes, SLOT_BYTES, size);
      this.#saved = (first?.number ?? 0) > (second?.number ?? 0) ? first : second;
    } finally {
      this.#fs.close(fd);
    }
  }

  isSaved({ offset, sequence, isAhead }: Omit<Watermark, 'epoch'>): boolean {
    return this.#saved?.offset === offset && this.#saved.sequence === sequence && this.#saved.isAhead === isAhead;
  }

  /** Throws the system's error; then the other slot is as it was. */
  save(watermark: Watermark): void {
    const number = (this.#saved?.number ?? 0) + 1;
    const { offset, sequence, epoch, isAhead } = watermark;
    scratch.writeBigUInt64LE(BigInt(number), 0);
    scratch.writeBigUInt64LE(BigInt(offset), 8);
    scratch.writeBigUInt64LE(BigInt(sequence), 16);
    scratch.writeBigUInt64LE(BigInt(epoch), 24);
    scratch.writeUInt32LE(isAhead ? AHEAD : 0, 32);
    scratch.writeUInt32LE(crc32(scratch.subarray(0, CHECKED_BYTES), this.#seed), CHECKED_BYTES);
    if (this.#fd < 0) this.#fd = this.#fs.open(this.#path, 'update');
    writeWhole(this.#fs, this.#fd, scratch, SLOT_BYTES, (number % 2) * SLOT_BYTES);
    this.#saved = { number, offset, sequence, epoch, isAhead };
  }

  /** Everything before it stays confirmed. */
  get safeOffset(): number {
    return this.#safe?.offset ?? 0;
  }

  sync(): void {
    if (this.#fd < 0 || this.#safe === this.#saved) return;
    this.#fs.sync(this.#fd);
    this.#safe = this.#saved;
  }

  *makeSafe(): Generator<SyncTarget, void> {
    const saved = this.#saved;
    if (saved === undefined || this.#safe === saved) return;
    yield { path: this.#path, isFolder: false };
    if ((this.#safe?.number ?? 0) < saved.number) this.#safe = saved;
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    this.#fs.close(fd);
  }

  #decode(bytes: Buffer, at: number, size: number): Slot | undefined {
    const sum = crc32(bytes.subarray(at, at + CHECKED_BYTES), this.#seed);
    if (size < at + SLOT_BYTES || bytes.readUInt32LE(at + CHECKED_BYTES) !== sum) return undefined;
    const read = (field: number): number => Number(bytes.readBigUInt64LE(at + field));
    return {
      number: read(0), offset: read(8), sequence: read(16), epoch: read(24), isAhead: (bytes.readUInt32LE(at + 32) & AHEAD) !== 0,
    };
  }
}
