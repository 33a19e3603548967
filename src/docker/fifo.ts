/**
 * Reads a FIFO of the engine. The engine holds it open for reading and writing, so there is no end of file while
 * it lives, and what it wrote survives this process. Source: moby daemon/logger/plugin_unix.go.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, rmSync } from 'node:fs';
import { isAbsolute, normalize } from 'node:path';
import type { ByteSource } from '../core/journal.ts';
import { bytesIn, enlarge, FULL_BYTES, splice } from './pipe-calls.ts';
import { watch, type Readiness } from './readiness.ts';

/** A container that fills its pipe gets one that takes more at a time: the largest that needs no privilege. */
const LARGE_PIPE_BYTES = 1024 * 1024;

const NO_FIFO = 'it is not a FIFO';

/** The FIFO cannot be opened: names the path, and does not repeat the system's own words (see `reword`). */
export class FifoError extends Error {}

/**
 * Leaves the bytes where they are until somebody takes them: a `read` or `splice` from within `readable`, which is
 * called again in the next turn of the event loop as long as bytes are left.
 */
export class Fifo implements ByteSource {
  readonly #fd: number;
  readonly #readiness: Readiness;
  #isOpen = true;
  #isLarge = false;
  /** Bytes, since `readable` was called last. */
  #taken = 0;

  /** `readable`: there are bytes, or the engine has closed its end. Throws FifoError. */
  constructor(path: string, readable: () => void) {
    this.#fd = open(path);
    const tell = (): number => {
      this.#taken = 0;
      if (this.#isOpen) readable();
      return this.#taken;
    };
    this.#readiness = watch(this.#fd, tell);
    // The end of a FIFO that nobody has written to since it was opened is not signalled, only read.
    setImmediate(tell);
  }

  get available(): number {
    return this.#isOpen ? bytesIn(this.#fd) : 0;
  }

  read(into: Uint8Array): number | 'empty' | 'ended' {
    if (!this.#isOpen) return 'empty';
    try {
      return this.#took(readSync(this.#fd, into, 0, into.length, null)) || 'ended';
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') return 'empty';
      throw error;
    }
  }

  splice(fd: number, position: number, size: number): number | undefined {
    const moved = this.#isOpen ? splice(this.#fd, fd, position, size) : undefined;
    return moved === undefined ? undefined : this.#took(moved);
  }

  /** `readable` is not called until `resume`: the engine fills the pipe, and then the container waits. */
  pause(): void {
    this.#readiness.pause();
  }

  resume(): void {
    if (this.#isOpen) this.#readiness.resume();
  }

  close(): void {
    this.#isOpen = false;
    this.#readiness.close();
  }

  #took(size: number): number {
    this.#taken += size;
    if (size >= FULL_BYTES && !this.#isLarge) {
      this.#isLarge = true;
      enlarge(this.#fd, LARGE_PIPE_BYTES);
    }
    return size;
  }
}

/** For one that will bring no more. An engine that was killed leaves its FIFOs behind; one that ends a session removes it, too. */
export function removeFifo(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFIFO() === true) rmSync(path, { force: true });
}

/** Each engine has a folder of its own for its FIFOs; what they have in common is that their paths are plain. */
function isPlain(path: string): boolean {
  return isAbsolute(path) && normalize(path) === path && !path.includes('\0');
}

function open(path: string): number {
  if (!isPlain(path)) throw refusal(path, 'wanted an absolute path without "." and ".."');
  try {
    // Opening a device may set something going.
    const found = lstatSync(path);
    if (!found.isFIFO() && !found.isSymbolicLink()) throw refusal(path, NO_FIFO);
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (fstatSync(fd).isFIFO()) return fd;
    closeSync(fd);
    throw refusal(path, NO_FIFO);
  } catch (error) {
    throw error instanceof FifoError ? error : refusal(path, reword(errorCode(error)), error);
  }
}

function refusal(path: string, reason: string, cause?: unknown): FifoError {
  return new FifoError(`log FIFO ${JSON.stringify(path)} cannot be opened: ${reason}`, { cause });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/**
 * The docker CLI looks for the system's texts of ENOENT, EACCES and EISDIR in an error and turns them into exit
 * codes 126 and 127, as if the container's command were at fault. Source: moby daemon/errors.go.
 */
function reword(code: string): string {
  if (code === 'ENOENT') return 'there is nothing at that path';
  if (code === 'ELOOP') return 'it is a symbolic link';
  return code;
}
