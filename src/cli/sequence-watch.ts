/** Holes in the numbering of the messages: what a session has sent, and what is not there. */

/** Sessions that are remembered; the one that was silent for longest goes first. */
const MAX_SESSIONS = 10_000;

export interface Hole { readonly from: number; readonly to: number }

export class SequenceWatch {
  readonly #last = new Map<string, number>();
  readonly #capacity: number;

  constructor(capacity = MAX_SESSIONS) {
    this.#capacity = capacity;
  }

  /** The numbers that are missing before this one. The first number seen of a session may be any. */
  note(session: string, sequence: number): Hole | undefined {
    const last = this.#last.get(session);
    this.#last.delete(session);
    // A lower number comes late, and was told of.
    this.#last.set(session, Math.max(sequence, last ?? 0));
    if (this.#last.size > this.#capacity) this.#last.delete(this.#last.keys().next().value as string);
    return last === undefined || sequence <= last + 1 ? undefined : { from: last + 1, to: sequence - 1 };
  }
}
