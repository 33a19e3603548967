/**
 * How long pipes are left alone between two looks while lines come. What is written meanwhile is taken together, which costs
 * little more than one line does; so the more pipes are written to, and the less is found in each, the less often they are
 * looked at. Bytes that wait here wait in the pipe, where no end of this process can take them.
 */

/** For few containers, in milliseconds: their lines go on within a millisecond or two. */
const LEAST_MS = 1;
/** In milliseconds: on average a line waits half as long, which nobody who follows a log notices. */
const MOST_MS = 150;
/** Pipes written to within a second that are few: ten containers with 20,000 lines a second keep their latency. */
const FEW = 10;
/** For each pipe more. A look at a pipe with one line costs some 25 µs: it takes a twelfth of a core at most, whatever their number. */
const MS_PER_PIPE = 0.3;
/** Found in a pipe at a time, in bytes: what the look costs is little then beside what the lines cost. */
const ENOUGH_BYTES = 4 * 1024;
const PERIOD_MS = 1000;
/** A change by less than this part is not worth a new timer. */
const SLACK = 0.2;

/** A pipe, as it is known here. */
export interface Rested {
  /** The last period in which something was found in it; 0: none. */
  foundIn: number;
}

export class Rest {
  /** From one look to the next, in milliseconds. */
  ms = LEAST_MS;
  #period = 1;
  #periodEnd = 0;
  /** In this period: pipes in which something was found, how often, and how many bytes that were. */
  #pipes = 0;
  #finds = 0;
  #bytes = 0;

  /** A look found so many bytes. */
  found(pipe: Rested, bytes: number): void {
    if (pipe.foundIn !== this.#period) this.#pipes++;
    pipe.foundIn = this.#period;
    this.#finds++;
    this.#bytes += bytes;
  }

  /** A pipe was full: its writer waits. */
  shorten(): void {
    this.ms = LEAST_MS;
  }

  /** `now`: milliseconds of a clock that never goes back. */
  update(now: number): void {
    if (now < this.#periodEnd) return;
    if (this.#finds > 0) this.#adapt();
    this.#periodEnd = now + PERIOD_MS;
    this.#period++;
    this.#pipes = 0;
    this.#finds = 0;
    this.#bytes = 0;
  }

  #adapt(): void {
    const most = Math.min(MOST_MS, MS_PER_PIPE * (this.#pipes - FEW));
    const wanted = this.ms * ENOUGH_BYTES * this.#finds / Math.max(1, this.#bytes);
    const ms = Math.max(LEAST_MS, Math.floor(Math.min(most, wanted)));
    if (Math.abs(ms - this.ms) > SLACK * this.ms) this.ms = ms;
  }
}
