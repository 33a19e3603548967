/**
 * Stands in for the engine: makes the FIFOs, holds them open for reading and writing as dockerd does, and writes frames.
 * dockerd writes each frame by itself, up to a million a second and core. JavaScript cannot, so a flat-out load is
 * written in blocks of frames; a paced load is written as dockerd does.
 *
 * A flat-out load stays a bounded number of bytes ahead of the receiver: what is measured is the rate that the whole
 * pipeline keeps up for ever. Beyond it a driver must block the container, drop lines or run out of memory.
 */
import { execFileSync } from 'node:child_process';
import { constants, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { encodeFrame, nowNano } from '../test/support/log-entry.ts';
import { blankLine, CLOCK_AT, CLOCK_DIGITS, clockMicros, NUMBER_AT, NUMBER_DIGITS, writeDigits } from './line.ts';
import type { Load } from './load.ts';
import { GO, report } from './messages.ts';

/** A quarter of a pipe's default capacity, pipe(7): the reader never waits for a block to be filled. */
const BLOCK_BYTES = 16 * 1024;

/** More than the pipes of a hundred containers hold, less than what a driver is expected to keep in memory. */
const AHEAD_BYTES = 8 * 1024 * 1024;

/** Frames of one container, one behind the other, rewritten in place. */
class Frames {
  readonly bytes: Buffer;
  readonly count: number;
  readonly frameBytes: number;
  readonly #lineAt: number;

  constructor(lineBytes: number, count: number) {
    const frame = encodeFrame({ source: 'stdout', timeNano: nowNano(), line: Buffer.from(blankLine(lineBytes)) });
    this.frameBytes = frame.length;
    this.count = count;
    this.#lineAt = frame.length - lineBytes;
    this.bytes = Buffer.concat(Array.from({ length: count }, () => frame));
  }

  /** Numbers the first `count` frames; returns their bytes. */
  fill(first: number, count: number): Buffer {
    const micros = clockMicros();
    for (let i = 0; i < count; i++) {
      const line = i * this.frameBytes + this.#lineAt;
      writeDigits(this.bytes, line + NUMBER_AT, NUMBER_DIGITS, first + i);
      writeDigits(this.bytes, line + CLOCK_AT, CLOCK_DIGITS, micros);
    }
    return this.bytes.subarray(0, count * this.frameBytes);
  }
}

/** How far all containers together are ahead of the receiver, in lines. */
class Lead {
  #sent = 0;
  #arrived = 0;
  #moved = Promise.withResolvers<void>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when that many more may be sent. */
  async take(lines: number): Promise<void> {
    while (this.#sent + lines - this.#arrived > this.#limit) await this.#moved.promise;
    this.#sent += lines;
  }

  arrived(lines: number): void {
    this.#arrived = lines;
    this.#moved.resolve();
    this.#moved = Promise.withResolvers<void>();
  }
}

/** libuv writes what the pipe takes and goes on when there is room. */
async function feedFlatOut(fd: number, { linesEach }: Load, lead: Lead): Promise<void> {
  const frames = new Frames(order.lineBytes, Math.max(1, Math.floor(BLOCK_BYTES / frameBytes)));
  const pipe = new Socket({ fd, readable: false, writable: true });
  for (let sent = 0; sent < linesEach;) {
    const count = Math.min(frames.count, linesEach - sent);
    await lead.take(count);
    await write(pipe, frames.fill(sent, count));
    sent += count;
  }
}

function write(pipe: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    pipe.write(bytes, (error) => (error == null ? resolve() : reject(error)));
  });
}

/** Returns how late the latest line was, in milliseconds. */
async function feedPaced(fds: readonly number[], { linesEach, lineBytes, linesPerSecond }: Load): Promise<number> {
  const frame = new Frames(lineBytes, 1);
  const total = linesEach * fds.length;
  const begin = performance.now();
  let latestMs = 0;
  for (let sent = 0; sent < total;) {
    const elapsedMs = performance.now() - begin;
    latestMs = Math.max(latestMs, elapsedMs - sent * 1000 / linesPerSecond);
    const due = Math.min(total, Math.floor(elapsedMs * linesPerSecond / 1000));
    while (sent < due && tryWrite(fds[sent % fds.length] as number, frame.fill(Math.floor(sent / fds.length), 1))) sent++;
    await setTimeout(1);
  }
  return latestMs;
}

/** A frame of at most 4 KiB goes into a pipe whole or, when that is full, not at all: pipe(7), PIPE_BUF. */
function tryWrite(fd: number, frame: Uint8Array): boolean {
  try {
    writeSync(fd, frame);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return false;
    throw error;
  }
}

async function feed(fds: readonly number[], load: Load): Promise<number> {
  if (load.linesPerSecond > 0) return await feedPaced(fds, load);
  await Promise.all(fds.map((fd) => feedFlatOut(fd, load, lead)));
  return 0;
}

const [directory = '', load = ''] = process.argv.slice(2);
const order = JSON.parse(load) as Load;
const files = Array.from({ length: order.containers }, (_, i) => join(directory, `fifo-${i}`));
execFileSync('mkfifo', ['-m', '600', ...files]);
const fds = files.map((file) => openSync(file, constants.O_RDWR | constants.O_NONBLOCK));
const { frameBytes } = new Frames(order.lineBytes, 1);
const lead = new Lead(Math.floor(AHEAD_BYTES / frameBytes));
process.on('disconnect', () => process.exit());
process.on('message', (message) => {
  if (typeof message === 'number') lead.arrived(message);
  if (message === GO) void feed(fds, order).then((latestMs) => report({ type: 'fed', latestMs }));
});
report({ type: 'fifos', files });
