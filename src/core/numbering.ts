/** The numbers of one output's messages, `Nats-Log-Sequence`: none is ever given to two of them. */
import type { Mark } from './journal.ts';

/** A message's number. */
export interface Numbered {
  /** Of the numbering, see `Journal.epoch`. */
  readonly epoch: number;
  readonly sequence: number;
}

export class Numbering {
  readonly epoch: number;
  /** The number of the message that was written last. */
  sequence: number;
  /** No number given in this process is greater. */
  #highest: number;
  /** What lies before it may have been sent by an earlier process, with numbers up to this. */
  readonly #inherited: Mark;

  /** Goes on at `from`. `inherited`: what an earlier process may have sent. */
  constructor(epoch = 0, from = 0, inherited: Mark = { offset: 0, sequence: 0 }) {
    this.epoch = epoch;
    this.sequence = from;
    this.#highest = from;
    this.#inherited = inherited;
  }

  /** The next numbers were given to so many messages. */
  count(messages: number): void {
    this.sequence += messages;
    if (this.sequence > this.#highest) this.#highest = this.sequence;
  }

  /** What came behind is written again, with the same numbers. */
  rewind(sequence: number): void {
    this.sequence = sequence;
  }

  /** A number that no message has, for one before the byte at `place`: others behind it may have been sent. */
  fresh(place: number): Numbered {
    const { offset, sequence } = this.#inherited;
    return { epoch: this.epoch, sequence: 1 + (place < offset ? Math.max(sequence, this.#highest) : this.#highest) };
  }

  /** `number`, or a later one that no message has that was written in this process. */
  beyond(number: Numbered | undefined): Numbered {
    return { epoch: this.epoch, sequence: Math.max(this.#highest + 1, number?.epoch === this.epoch ? number.sequence : 0) };
  }

  /** Of the next message, if that is to be `wanted` or a later one. */
  next(wanted?: Numbered): Numbered {
    return { epoch: this.epoch, sequence: Math.max(this.sequence + 1, wanted?.epoch === this.epoch ? wanted.sequence : 0) };
  }

  /** Whether it is one of the first `count` numbers. */
  isWithin(count: number, number: Numbered | undefined): boolean {
    return number?.epoch === this.epoch && number.sequence <= count;
  }
}
