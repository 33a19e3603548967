/**
 * Messages that were sent and not answered, by the number in their reply subject. Numbers are never used twice, so an
 * answer that comes late (after the connection was lost, or after its message was given up) is known as such.
 */

/** What lies between two commits of one session. */
export interface Batch {
  /** Messages that are not answered. */
  pending: number;
  /** When it was handed over, in milliseconds of a clock that never goes back; Infinity until then. */
  sentAt: number;
}

export interface Unanswered<B> {
  readonly batch: B;
  readonly offset: number;
  readonly ordinal: number;
  readonly isDeadLetter: boolean;
  readonly size: number;
}

export class AckWindow<B extends Batch> {
  /** Unanswered messages, and their bytes. */
  count = 0;
  bytes = 0;
  /** Of the next message. */
  next = 1;
  #oldest = 1;
  /** By number, modulo their own count, which is a power of two. */
  #slots: (Unanswered<B> | undefined)[] = new Array<undefined>(1024).fill(undefined);
  #mask = 1023;

  /** Takes the number `next`. */
  add(message: Unanswered<B>): void {
    if (this.next - this.#oldest === this.#slots.length) this.#grow();
    this.#slots[this.next & this.#mask] = message;
    this.next++;
    this.count++;
    this.bytes += message.size;
    message.batch.pending++;
  }

  /** Number `number` is answered; undefined: nobody waits for that. */
  take(number: number): Unanswered<B> | undefined {
    if (!(number >= this.#oldest && number < this.next)) return undefined;
    const message = this.#slots[number & this.#mask];
    if (message !== undefined) this.#clear(number, message);
    return message;
  }

  /** Nobody waits any more for what matches. */
  forget(matches: (batch: B) => boolean): void {
    for (let number = this.#oldest; number < this.next; number++) {
      const message = this.#slots[number & this.#mask];
      if (message !== undefined && matches(message.batch)) this.#clear(number, message);
    }
  }

  /** The batch of the message that has waited longest. */
  get oldest(): B | undefined {
    return this.#slots[this.#oldest & this.#mask]?.batch;
  }

  #grow(): void {
    const mask = 2 * this.#slots.length - 1;
    const slots = new Array<Unanswered<B> | undefined>(mask + 1).fill(undefined);
    for (let number = this.#oldest; number < this.next; number++) slots[number & mask] = this.#slots[number & this.#mask];
    this.#slots = slots;
    this.#mask = mask;
  }

  #clear(number: number, message: Unanswered<B>): void {
    this.#slots[number & this.#mask] = undefined;
    this.count--;
    this.bytes -= message.size;
    message.batch.pending--;
    while (this.#oldest < this.next && this.#slots[this.#oldest & this.#mask] === undefined) this.#oldest++;
  }
}
