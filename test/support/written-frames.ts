/** What a test wrote into one FIFO: how many lines end before an offset. Knows frames on its own, not by the driver's decoder. */
import { PIECE_BYTES } from './log-entry.ts';

const LENGTH_BYTES = 4;
const LINE = 3;
const PARTIAL = 5;
/** The driver publishes a longer line in pieces, which count as lines. */
const MAX_LINE_BYTES = 1024 * 1024;

interface Frame {
  readonly source: string;
  readonly size: number;
  /** The engine sends more of the line. */
  readonly goesOn: boolean;
}

/** From the first piece of a line up to the end of its last. */
interface OpenLine {
  readonly from: number;
  size: number;
  to: number;
}

export class WrittenFrames {
  bytes = 0;
  /** False: something else was written than frames of the engine, or a line that is published in pieces. */
  isWhole = true;
  readonly #ends: number[] = [];
  readonly #pieced: OpenLine[] = [];
  readonly #open = new Map<string, OpenLine>();
  #rest = Buffer.alloc(0);

  /** The bytes may be cut anywhere. */
  push(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (!this.isWhole) return;
    const all = Buffer.concat([this.#rest, bytes]);
    const offset = this.bytes - all.length;
    let at = 0;
    while (this.isWhole && at + LENGTH_BYTES <= all.length) {
      const end = at + LENGTH_BYTES + all.readUInt32BE(at);
      if (end > all.length) break;
      const frame = frameOf(all.subarray(at + LENGTH_BYTES, end));
      if (frame === undefined) this.isWhole = false;
      else this.#add(frame, offset + at, offset + end);
      at = end;
    }
    this.#rest = Buffer.from(all.subarray(at));
  }

  /** That are complete. */
  get lines(): number {
    return this.#ends.length;
  }

  /** undefined: a line is open there, or no frame ends there. */
  linesBefore(offset: number): number | undefined {
    if (!this.isWhole || offset > this.bytes - this.#rest.length) return undefined;
    if (this.#pieced.some(({ from, to }) => from <= offset && offset < to)) return undefined;
    return countUpTo(this.#ends, offset);
  }

  #add({ source, size, goesOn }: Frame, from: number, to: number): void {
    const open = this.#open.get(source);
    if (goesOn || open !== undefined) {
      const line = open ?? { from, size: 0, to: Number.POSITIVE_INFINITY };
      if (open === undefined) this.#pieced.push(line);
      line.size += size;
      if (goesOn) this.#open.set(source, line);
      else line.to = to;
      if (line.size > MAX_LINE_BYTES) this.isWhole = false;
    }
    if (goesOn) return;
    this.#open.delete(source);
    this.#ends.push(to);
  }
}

/** How many of the sorted numbers are not above `limit`. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** undefined: it is none of the engine. Source: moby api/types/plugins/logdriver/entry.proto. */
function frameOf(message: Buffer): Frame | undefined {
  const fields = fieldsOf(message);
  const source = fields?.get(1);
  if (fields === undefined || !(source instanceof Uint8Array)) return undefined;
  const line = fields.get(LINE);
  const partial = fields.get(PARTIAL);
  const size = line instanceof Uint8Array ? line.length : 0;
  const isLast = !(partial instanceof Uint8Array) || fieldsOf(Buffer.from(partial))?.get(1) === 1;
  return { source: Buffer.from(source).toString(), size, goesOn: !isLast && size >= PIECE_BYTES };
}

/** By number: bytes, or a small number; a large one is not looked at. undefined: it is no message. */
function fieldsOf(message: Buffer): Map<number, Uint8Array | number> | undefined {
  const fields = new Map<number, Uint8Array | number>();
  for (let at = 0; at < message.length;) {
    const tag = message[at++] as number;
    let value = 0;
    let shift = 0;
    for (; ; shift += 7) {
      const byte = message[at++];
      if (byte === undefined || shift > 63) return undefined;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const type = tag & 7;
    if (type === 0) fields.set(tag >> 3, value);
    else if (type !== 2 || at + value > message.length) return undefined;
    else {
      fields.set(tag >> 3, message.subarray(at, at + value));
      at += value;
    }
  }
  return fields;
}
