/**
 * Messages that were sent and not answered, by the number in their reply subject. Numbers are never used twice, so an
 * answer that comes late (after the connection was lost, or after its message was given up) is known as such.
 */

/** What lies between two commits of one session. */
export interface Batch {
  /** Messages that are not answered. */
  pending: number;
  /** When the server is known to have read it, in milliseconds of a clock that never goes back; Infinity until then. */
  readAt: number;
}

export interface Unanswered<B> {
  readonly batch: B;
  readonly offset: number;
  readonly ordinal: number;
  readonly isDeadLetter: boolean;
}

/** Doubled when it does not do. */
const CAPACITY = 1024;

export class AckWindow<B extends Batch> {
  /** Unanswered messages, and their bytes. */
  count = 0;
  bytes = 0;
  /** Of the next message. */
  next = 1;
  #oldest = 1;
  /** Columns of one table, by number modulo their length, which is a power of two: an object for each message would outlive the young generation. */
  #batches = new Array<B | undefined>(CAPACITY).fill(undefined);
  #offsets = new Float64Array(CAPACITY);
  #sizes = new Uint32Array(CAPACITY);
  /** Of a piece of a line; negative, less one: of a dead letter. */
  #ordinals = new Int32Array(CAPACITY);
  #mask = CAPACITY - 1;

  /** Takes the number `next`. */
  add({ batch, offset, ordinal, isDeadLetter }: Unanswered<B>, size: number): void {
    if (this.next - this.#oldest > this.#mask) this.#grow();
    const at = this.next++ & this.#mask;
    this.#batches[at] = batch;
    this.#offsets[at] = offset;
    this.#ordinals[at] = isDeadLetter ? -1 - ordinal : ordinal;
    this.#sizes[at] = size;
    this.count++;
    this.bytes += size;
    batch.pending++;
  }

  /** What waits for the answer to `number`; undefined: nobody does. */
  find(number: number): Unanswered<B> | undefined {
    const at = number & this.#mask;
    const batch = this.#isOpen(number) ? this.#batches[at] : undefined;
    if (batch === undefined) return undefined;
    const ordinal = this.#ordinals[at] as number;
    return { batch, offset: this.#offsets[at] as number, ordinal: ordinal < 0 ? -1 - ordinal : ordinal, isDeadLetter: ordinal < 0 };
  }

  /** Number `number` is answered: its batch; undefined: nobody waits for that. */
  take(number: number): B | undefined {
    const batch = this.#isOpen(number) ? this.#batches[number & this.#mask] : undefined;
    if (batch !== undefined) this.#clear(number, batch);
    return batch;
  }

  /** Nobody waits any more for what matches. */
  forget(matches: (batch: B) => boolean): void {
    for (let number = this.#oldest; number < this.next; number++) {
      const batch = this.#batches[number & this.#mask];
      if (batch !== undefined && matches(batch)) this.#clear(number, batch);
    }
  }

  /** Takes the dead letters of what matches: nobody waits for them any more. */
  takeLetters(matches: (batch: B) => boolean): readonly Unanswered<B>[] {
    const letters: Unanswered<B>[] = [];
    for (let number = this.#oldest; number < this.next; number++) {
      const message = this.find(number);
      if (message === undefined || !message.isDeadLetter || !matches(message.batch)) continue;
      this.#clear(number, message.batch);
      letters.push(message);
    }
    return letters;
  }

  /** The oldest message whose batch matches. */
  first(matches: (batch: B) => boolean): Unanswered<B> | undefined {
    for (let number = this.#oldest; number < this.next; number++) {
      const batch = this.#batches[number & this.#mask];
      if (batch !== undefined && matches(batch)) return this.find(number);
    }
    return undefined;
  }

  /** The batch of the message that has waited longest. */
  get oldest(): B | undefined {
    return this.#batches[this.#oldest & this.#mask];
  }

  #isOpen(number: number): boolean {
    return number >= this.#oldest && number < this.next;
  }

  #clear(number: number, batch: B): void {
    const at = number & this.#mask;
    this.#batches[at] = undefined;
    this.count--;
    this.bytes -= this.#sizes[at] as number;
    batch.pending--;
    while (this.#oldest < this.next && this.#batches[this.#oldest & this.#mask] === undefined) this.#oldest++;
  }

  #grow(): void {
    const [batches, offsets, sizes, ordinals, from] = [this.#batches, this.#offsets, this.#sizes, this.#ordinals, this.#mask];
    const capacity = 2 * batches.length;
    this.#batches = new Array<B | undefined>(capacity).fill(undefined);
    this.#offsets = new Float64Array(capacity);
    this.#sizes = new Uint32Array(capacity);
    this.#ordinals = new Int32Array(capacity);
    this.#mask = capacity - 1;
    for (let number = this.#oldest; number < this.next; number++) {
      const at = number & this.#mask;
      this.#batches[at] = batches[number & from];
      this.#offsets[at] = offsets[number & from] as number;
      this.#sizes[at] = sizes[number & from] as number;
      this.#ordinals[at] = ordinals[number & from] as number;
    }
  }
}
