/**
 * A growing buffer of bytes that leave in pieces: what was taken is never touched again, so it may be on its way
 * to the socket while writing goes on behind it.
 */

/** Room that is worth writing into; below it a fresh buffer is cheaper than growing the next message. */
const LEAST_ROOM = 16 * 1024;

export class ByteWriter {
  /** Write here directly after `ensure`, then advance `length`. */
  buffer: Buffer;
  /** Bytes written, including those taken. */
  length = 0;
  #taken = 0;
  readonly #allocate: (size: number) => Buffer;
  readonly #size: number;

  /** `size`: bytes of each buffer; `allocate` may hand out used ones again. */
  constructor(size: number, allocate: (size: number) => Buffer = Buffer.allocUnsafeSlow) {
    this.#size = size;
    this.#allocate = allocate;
    this.buffer = allocate(size);
  }

  /** Bytes written and not taken. */
  get pending(): number {
    return this.length - this.#taken;
  }

  /** Makes room for `count` more bytes; `buffer` may be another one afterwards. */
  ensure(count: number): void {
    if (this.length + count > this.buffer.length) this.#grow(count);
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

  /** What was written since the last call. The receiver owns it; it shares its buffer with earlier and later pieces. */
  take(): Buffer {
    const piece = this.buffer.subarray(this.#taken, this.length);
    this.#taken = this.length;
    if (this.buffer.length - this.length < LEAST_ROOM) this.#renew(this.#size);
    return piece;
  }

  /** Forgets everything that was not taken. */
  clear(): void {
    this.length = this.#taken;
  }

  #grow(count: number): void {
    const needed = this.pending + count;
    this.#renew(needed <= this.#size ? this.#size : Math.max(needed, 2 * this.pending));
  }

  #renew(size: number): void {
    const next = this.#allocate(size);
    next.set(this.buffer.subarray(this.#taken, this.length));
    this.length -= this.#taken;
    this.#taken = 0;
    this.buffer = next;
  }
}
