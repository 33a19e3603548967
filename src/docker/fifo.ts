/**
 * Reads a FIFO of the engine. The engine holds it open for reading and writing, so there is no end of file while
 * it lives, and what it wrote survives this process. Source: moby daemon/logger/plugin_unix.go.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';

/** A read never brings more: default capacity of a pipe, pipe(7). */
const READ_BYTES = 64 * 1024;
/** Shared by all FIFOs: the bytes of a read are valid during the call that passes them on. */
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);

/** The FIFO cannot be opened: names the path, and does not repeat the system's own words (see `reword`). */
export class FifoError extends Error {}

export interface FifoListener {
  /** Valid during the call only. */
  read(bytes: Uint8Array): void;
  /** The engine has closed its end, or reading failed for the reason given. Called once, unless `close` came first. */
  end(reason?: string): void;
}

export class Fifo {
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #listener: FifoListener;
  #isOpen = true;

  /** Throws FifoError. */
  constructor(path: string, listener: FifoListener) {
    this.#listener = listener;
    this.#fd = open(path);
    this.#socket = new Socket({
      fd: this.#fd,
      readable: true,
      writable: false,
      onread: {
        buffer,
        callback: (size) => {
          if (this.#isOpen) listener.read(buffer.subarray(0, size));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#finish(error.message));
    // Earlier than 'close': by then the descriptor may belong to another file.
    this.#socket.on('end', () => this.#finish());
    this.#socket.resume();
    // The end of a FIFO that nobody has written to since it was opened is not signalled, only read.
    setImmediate(() => this.drain(READ_BYTES));
  }

  /** Reads on until the FIFO is empty or `limit` bytes were read. All that the engine wrote before asking is in it. */
  drain(limit: number): void {
    for (let total = 0; this.#isOpen && total < limit;) {
      const size = readNow(this.#fd);
      if (size === 0) this.#finish();
      if (size <= 0) return;
      total += size;
      this.#listener.read(buffer.subarray(0, size));
    }
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  #finish(reason?: string): void {
    if (!this.#isOpen) return;
    this.close();
    this.#listener.end(reason);
  }
}

/** 0: the engine has closed its end. -1: the FIFO is empty. */
function readNow(fd: number): number {
  try {
    return readSync(fd, buffer, 0, READ_BYTES, null);
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') return -1;
    throw error;
  }
}

function open(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    throw new FifoError(`log FIFO ${JSON.stringify(path)} cannot be opened: ${reword(errorCode(error))}`, { cause: error });
  }
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  throw new FifoError(`log FIFO ${JSON.stringify(path)} cannot be opened: it is not a FIFO`);
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
