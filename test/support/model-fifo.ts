/** The engine's end of a FIFO in memory: what was written is there until somebody takes it, and outlives those who read. */
import type { OpenFifo } from '../../src/overflow.ts';
import { Crash, type CrashFileSystem } from './crash-file-system.ts';

export class ModelFifo implements OpenFifo {
  readonly #fs: CrashFileSystem;
  #bytes: Buffer = Buffer.alloc(0);
  #readable: (() => void) | undefined;
  #isPaused = false;
  /** Bytes that somebody took. */
  taken = 0;
  /** The engine has closed its end. */
  isEnded = false;

  constructor(fs: CrashFileSystem) {
    this.#fs = fs;
  }

  describe(): string {
    return `paused ${this.#isPaused}, ended ${this.isEnded}, ${this.#bytes.length} bytes, readable ${this.#readable !== undefined}`;
  }

  get available(): number {
    return this.#bytes.length;
  }

  /** A process opens it. */
  open(readable: () => void): this {
    this.#readable = readable;
    this.#isPaused = false;
    return this;
  }

  write(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  /** Tells the reader that there is something; false: it does not listen, or there is nothing. */
  tell(): boolean {
    if (this.#readable === undefined || this.#isPaused || (this.#bytes.length === 0 && !this.isEnded)) return false;
    const before = this.#bytes.length;
    this.#readable();
    return this.#bytes.length < before;
  }

  read(into: Uint8Array): number | 'empty' | 'ended' {
    const size = Math.min(into.length, this.#bytes.length);
    if (size === 0) return this.isEnded ? 'ended' : 'empty';
    into.set(this.#bytes.subarray(0, size));
    return this.#took(size);
  }

  /** Meets the faults of the disk: a byte is either here or there. */
  splice(fd: number, position: number, most: number): number | undefined {
    const size = Math.min(most, this.#bytes.length);
    if (size === 0) return undefined;
    try {
      return this.#took(this.#fs.write(fd, this.#bytes, 0, size, position));
    } catch (error) {
      if (!(error instanceof Crash)) return undefined;
      this.#took(error.written);
      throw error;
    }
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  close(): void {
    this.#readable = undefined;
  }

  /** Whoever read it is gone, what nobody took, too, and no more comes. */
  losePower(): void {
    this.#readable = undefined;
    this.#bytes = Buffer.alloc(0);
    this.isEnded = true;
  }

  #took(size: number): number {
    this.taken += size;
    this.#bytes = this.#bytes.subarray(size);
    return size;
  }
}
