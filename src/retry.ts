/** When records that the server does not permit are tried again: nothing says that it would permit them now. */

/** The permission may just be being corrected, and whoever does it looks for the record. Doubled after each attempt. */
const FIRST_MS = 1000;
/** Each attempt of each container is a line in the server's log; lines of the container, which are attempts as well, do not wait. */
const LONGEST_MS = 300_000;

export class Retry {
  readonly #due: () => void;
  #pauseMs = FIRST_MS;
  #timer: NodeJS.Timeout | undefined;
  #isLast = false;

  /** `due`: it is time for an attempt. */
  constructor(due: () => void) {
    this.#due = due;
  }

  /** It is not time for an attempt. */
  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * Something was not permitted just now. `wasAttempt`: it was a record. False: the session has ended, and the pauses have grown as long as they may; that is
   * some fourteen minutes, and enough.
   */
  wait(wasAttempt: boolean): boolean {
    if (wasAttempt && this.#isLast && this.#pauseMs === LONGEST_MS) return false;
    if (wasAttempt) this.#pauseMs = Math.min(LONGEST_MS, 2 * this.#pauseMs);
    this.#begin();
    return true;
  }

  /** The next attempt need not wait. */
  hasten(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The subject is permitted. Returns whether an attempt had to wait. */
  reset(): boolean {
    this.#pauseMs = FIRST_MS;
    if (!this.isWaiting) return false;
    this.hasten();
    return true;
  }

  /** The session has ended: from now on attempts are numbered, and whoever ended it may look for the record. */
  last(): void {
    if (this.#isLast) return;
    this.#isLast = true;
    this.#pauseMs = FIRST_MS;
    if (this.isWaiting) this.#begin();
  }

  #begin(): void {
    this.hasten();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#due();
    }, this.#pauseMs);
  }
}
