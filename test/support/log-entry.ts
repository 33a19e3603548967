/**
 * The engine's side of the stream: container output becomes entries, entries become frames.
 * Sources: moby daemon/logger/copier.go, api/types/plugins/logdriver/entry.proto and io.go.
 */
import { randomBytes } from 'node:crypto';

export type Source = 'stdout' | 'stderr';

export interface Entry {
  readonly source: string;
  readonly timeNano: bigint;
  readonly line: Uint8Array;
  /** Set on every piece of a line that was cut, the last one included. */
  readonly partial?: { readonly last: boolean; readonly id: string; readonly ordinal: number };
}

/** The engine reads a container's output through a buffer of this size. */
export const PIECE_BYTES = 16 * 1024;

const NEWLINE = 0x0a;

export function nowNano(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** Entries as the engine makes them of all that a container writes to `source`; a last line without newline ends without `last`. */
export function entriesOf(source: string, output: string | Uint8Array, timeNano = nowNano()): Entry[] {
  const bytes = Buffer.from(output);
  const entries: Entry[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    entries.push(...piecesOf({ source, timeNano, line: bytes.subarray(start, end) }, newline !== -1));
    start = end + 1;
  }
  return entries;
}

function piecesOf(whole: Entry, ended: boolean): Entry[] {
  const { line } = whole;
  if (ended && line.length < PIECE_BYTES) return [whole];
  const id = randomBytes(32).toString('hex');
  const pieces: Entry[] = [];
  const add = (piece: Uint8Array, last: boolean): void => {
    pieces.push({ ...whole, line: piece, partial: { last, id, ordinal: pieces.length + 1 } });
  };
  const full = line.length - (line.length % PIECE_BYTES);
  for (let at = 0; at < full; at += PIECE_BYTES) add(line.subarray(at, at + PIECE_BYTES), false);
  if (ended || full < line.length) add(line.subarray(full), ended);
  return pieces;
}

/** One frame: length as uint32 big-endian, then the protobuf message. */
export function encodeFrame(entry: Entry): Buffer {
  const message = encodeEntry(entry);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

function encodeEntry({ source, timeNano, line, partial }: Entry): Buffer {
  return Buffer.concat([
    bytesField(1, Buffer.from(source)),
    varintField(2, timeNano),
    bytesField(3, line),
    ...(partial === undefined ? [] : [varintField(4, 1n), bytesField(5, encodePartial(partial))]),
  ]);
}

function encodePartial({ last, id, ordinal }: NonNullable<Entry['partial']>): Buffer {
  return Buffer.concat([varintField(1, last ? 1n : 0n), bytesField(2, Buffer.from(id)), varintField(3, BigInt(ordinal))]);
}

// proto3 leaves default values out.
function bytesField(field: number, bytes: Uint8Array): Buffer {
  if (bytes.length === 0) return Buffer.alloc(0);
  return Buffer.concat([varint(BigInt((field << 3) | 2)), varint(BigInt(bytes.length)), bytes]);
}

function varintField(field: number, value: bigint): Buffer {
  if (value === 0n) return Buffer.alloc(0);
  return Buffer.concat([varint(BigInt(field << 3)), varint(value)]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
