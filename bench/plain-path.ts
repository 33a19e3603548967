/**
 * What the plain driver does with a line, written as one would write it without a thought for speed: an object for each
 * frame, an object for each message, `JSON.stringify`. The bench compares against it.
 */
import type { Source } from '../test/support/log-entry.ts';

export interface PlainEntry {
  source: Source;
  timeNano: bigint;
  line: Buffer;
  partial: boolean;
  last: boolean;
}

/** The constant part of a container's messages. */
export interface PlainContainer {
  readonly container_id: string;
  readonly container_name: string;
  readonly image_id: string;
  readonly image_name: string;
  readonly hostname: string;
  readonly tag: string;
}

/** Cuts a stream into frames and decodes them. */
export class PlainDecoder {
  #rest: Buffer = Buffer.alloc(0);

  /** The entries that are complete now. They share the memory of `bytes`. */
  push(bytes: Buffer): PlainEntry[] {
    let rest = Buffer.concat([this.#rest, bytes]);
    const entries: PlainEntry[] = [];
    while (rest.length >= 4) {
      const size = rest.readUInt32BE(0);
      if (rest.length < 4 + size) break;
      entries.push(decodeEntry(rest.subarray(4, 4 + size)));
      rest = rest.subarray(4 + size);
    }
    this.#rest = rest;
    return entries;
  }
}

/** Source: moby daemon/logger/internal/logdriver/entry.proto. */
function decodeEntry(message: Buffer): PlainEntry {
  const entry: PlainEntry = { source: 'stdout', timeNano: 0n, line: Buffer.alloc(0), partial: false, last: false };
  const reader = new Reader(message);
  while (reader.at < message.length) {
    const tag = reader.varint();
    if (tag === 0x0a) entry.source = reader.block().toString() as Source;
    else if (tag === 0x10) entry.timeNano = reader.bigVarint();
    else if (tag === 0x1a) entry.line = reader.block();
    else if (tag === 0x20) entry.partial = reader.varint() !== 0;
    else if (tag === 0x2a) entry.last = isLast(reader.block());
    else throw new Error(`a LogEntry has no field with the tag ${tag}`);
  }
  return entry;
}

/** proto3 leaves `last` out when it is false; else it is the first field. */
function isLast(metadata: Buffer): boolean {
  return metadata[0] === 0x08 && metadata[1] === 1;
}

class Reader {
  at = 0;
  readonly #message: Buffer;

  constructor(message: Buffer) {
    this.#message = message;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#message.readUInt8(this.at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  bigVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#message.readUInt8(this.at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  block(): Buffer {
    const size = this.varint();
    this.at += size;
    return this.#message.subarray(this.at - size, this.at);
  }
}

export function plainMessage(container: PlainContainer, { source, timeNano, line }: PlainEntry): string {
  return JSON.stringify({ ...container, time: formatTime(timeNano), text: line.toString(), source });
}

/** RFC 3339 with nine digits. */
function formatTime(timeNano: bigint): string {
  const seconds = new Date(Number(timeNano / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${(timeNano % 1_000_000_000n).toString().padStart(9, '0')}Z`;
}
