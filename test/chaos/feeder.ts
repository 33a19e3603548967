/**
 * Writes the output of containers into their FIFOs, in a process of its own: at a steady rate by the wall clock, in a burst, or as fast as
 * it goes. A frame is written by itself, as dockerd does, and only whole: what was written is known to the line.
 */
import { constants, closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFrame, nowNano } from '../support/log-entry.ts';
import { blankLine, stamp } from './line.ts';

export type Order =
  | { readonly type: 'open'; readonly files: readonly string[]; readonly lineBytes: number }
  /** Together, spread evenly over containers `from` … `to` - 1, until `halt`. */
  | { readonly type: 'pace'; readonly from: number; readonly to: number; readonly linesPerSecond: number }
  /** As fast as the FIFO takes it, until `halt`. */
  | { readonly type: 'flood'; readonly container: number }
  | { readonly type: 'halt' }
  | { readonly type: 'burst'; readonly container: number; readonly lines: number }
  | { readonly type: 'close'; readonly container: number }
  | { readonly type: 'count' };

/** The answer to each order, when it is carried out. */
export interface Fed {
  /** Lines, by container. */
  readonly written: readonly number[];
  /** Of their frames. */
  readonly bytes: number;
  /**
   * The longest that a FIFO was full: from the first look at which it refused a frame to the last. How late this process was for the look at
   * which there was room says nothing about its reader.
   */
  readonly slowestWriteMs: number;
  /** The longest that this process did not come to write. */
  readonly lateMs: number;
}

const TICK_MS = 1;
/** A flood writes so many frames at once: not more than a FIFO takes whole, pipe(7) PIPE_BUF. */
const PIPE_BUF = 4096;
/** In one turn of the event loop: a megabyte. */
const FLOOD_WRITES = 256;

/** Where a frame has its time: behind its length, the field `source` with "stdout", and a tag. */
const TIME_AT = 4 + 8 + 1;
/** A varint of any time from 1972 to 2262. */
const TIME_BYTES = 9;

class Frames {
  readonly frameBytes: number;
  readonly count: number;
  readonly #bytes: Buffer;
  readonly #lineAt: number;
  /** The present, as it is in frames; in milliseconds. */
  #now = 0;
  readonly #time = Buffer.alloc(TIME_BYTES);

  constructor(lineBytes: number) {
    const frame = encodeFrame({ source: 'stdout', timeNano: nowNano(), line: blankLine(lineBytes) });
    this.frameBytes = frame.length;
    this.count = Math.max(1, Math.floor(PIPE_BUF / frame.length));
    this.#bytes = Buffer.concat(Array.from({ length: this.count }, () => frame));
    this.#lineAt = frame.length - lineBytes;
  }

  /** The frames of lines `first` …; valid until the next call. */
  of(container: number, first: number, count: number): Buffer {
    this.#look();
    for (let i = 0; i < count; i++) {
      const at = i * this.frameBytes;
      this.#bytes.set(this.#time, at + TIME_AT);
      stamp(this.#bytes, at + this.#lineAt, container, first + i);
    }
    return this.#bytes.subarray(0, count * this.frameBytes);
  }

  /** At the clock; records of gaps are told from each other by their times. */
  #look(): void {
    const now = Date.now();
    if (now === this.#now) return;
    this.#now = now;
    let rest = nowNano();
    for (let i = 0; i < TIME_BYTES; i++, rest >>= 7n) this.#time[i] = Number(rest & 0x7fn) | (i < TIME_BYTES - 1 ? 0x80 : 0);
  }
}

class Container {
  lines = 0;
  /** A flood may sleep while it is halted, closed, and others begin. */
  isClosed = false;
  readonly #fd: number;
  readonly #index: number;
  readonly #frames: Frames;
  /** Since when the FIFO has refused a frame. */
  #refusedAt: number | undefined;

  constructor(file: string, index: number, frames: Frames) {
    this.#fd = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
    this.#index = index;
    this.#frames = frames;
  }

  /** False: the FIFO is full. */
  write(count = 1): boolean {
    try {
      writeSync(this.#fd, this.#frames.of(this.#index, this.lines, count));
      this.lines += count;
      this.#refusedAt = undefined;
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      const now = performance.now();
      this.#refusedAt ??= now;
      slowestWriteMs = Math.max(slowestWriteMs, now - this.#refusedAt);
      return false;
    }
  }

  close(): void {
    this.isClosed = true;
    closeSync(this.#fd);
  }
}

const containers: Container[] = [];
let frames = new Frames(100);
let slowestWriteMs = 0;
let lateMs = 0;
let isHalted = true;
/** What goes on until `halt`. */
let tasks: Promise<void>[] = [];

async function tick(): Promise<void> {
  const before = performance.now();
  await sleep(TICK_MS);
  lateMs = Math.max(lateMs, performance.now() - before - TICK_MS);
}

async function pace(from: number, to: number, linesPerSecond: number): Promise<void> {
  const fed = containers.slice(from, to);
  const before = fed.map(({ lines }) => lines);
  for (const start = performance.now(); !isHalted; await tick()) {
    const due = Math.floor((performance.now() - start) * linesPerSecond / 1000);
    fed.forEach((container, i) => {
      const target = (before[i] as number) + Math.ceil((due - i) / fed.length);
      while (container.lines < target && container.write()) continue;
    });
  }
}

async function flood(container: Container): Promise<void> {
  for (; !isHalted && !container.isClosed; await sleep(TICK_MS)) for (let i = 0; i < FLOOD_WRITES && container.write(frames.count); i++) continue;
}

async function burst(container: Container, lines: number): Promise<void> {
  for (const target = container.lines + lines; container.lines < target;) if (!container.write()) await tick();
}

async function carryOut(order: Order): Promise<void> {
  switch (order.type) {
    case 'open':
      frames = new Frames(order.lineBytes);
      for (const file of order.files) containers.push(new Container(file, containers.length, frames));
      break;
    case 'pace':
      isHalted = false;
      tasks.push(pace(order.from, order.to, order.linesPerSecond));
      break;
    case 'flood':
      isHalted = false;
      tasks.push(flood(at(order.container)));
      break;
    case 'halt':
      isHalted = true;
      await Promise.all(tasks);
      tasks = [];
      break;
    case 'burst': return await burst(at(order.container), order.lines);
    case 'close': return at(order.container).close();
    case 'count':
  }
}

function at(index: number): Container {
  const container = containers[index];
  if (container === undefined) throw new Error(`there is no container ${index}`);
  return container;
}

function fed(): Fed {
  const written = containers.map(({ lines }) => lines);
  return { written, bytes: frames.frameBytes * written.reduce((sum, lines) => sum + lines, 0), slowestWriteMs, lateMs };
}

process.on('message', (order: Order) => void carryOut(order).then(() => process.send?.(fed())));
process.on('disconnect', () => process.exit());
