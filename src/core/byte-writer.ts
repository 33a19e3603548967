/** A growing buffer of bytes, which are taken out in pieces and then written over. */

export class ByteWriter {
  /** Write here directly after `ensure`, then advance `length`. */
  buffer: Buffer;
  /** Bytes written and not taken. */
  length = 0;
  readonly #first: Buffer;

  /** `first`: what is written to as long as it is large enough. */
  constructor(first: Buffer) {
    this.buffer = this.#first = first;
  }

  /** Makes room for `count` more bytes; `buffer` may be another one afterwards. */
  ensure(count: number): void {
    if (this.length + count > this.buffer.length) this.#grow(this.length + count);
  }

  /** Appends all of `bytes`. */
  append(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Takes back what was written since `length` was `mark`. */
  rewind(mark: number): void {
    this.length = mark;
  }

  /** What was written since the last call. Valid until something is written again. */
  take(): Buffer {
    const piece = this.buffer.subarray(0, this.length);
    this.clear();
    return piece;
  }

  /** Forgets everything that was not taken. */
  clear(): void {
    this.length = 0;
    this.buffer = this.#first;
  }

  #grow(needed: number): void {
    const next = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.length));
    next.set(this.buffer.subarray(0, this.length));
    this.buffer = next;
  }
}
