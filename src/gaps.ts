/** The lines of a session that are missing and whose records NATS has not confirmed, in the order of their places. */
import type { Gap } from './core/types.ts';
import { joined } from './losses.ts';

export class Gaps {
  #list: Gap[];
  /** How many of the records are on their way. */
  #written = 0;
  readonly #save: (gaps: readonly Gap[]) => void;

  /** `head`: no place lies behind it; a journal in memory begins anew with each process. `save`: keeps them for the next process. */
  constructor(gaps: readonly Gap[], head: number, save: (gaps: readonly Gap[]) => void) {
    this.#list = gaps.map((gap) => ({ ...gap, end: Math.min(gap.end, head) }));
    this.#save = save;
  }

  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  /** Records are on their way. */
  get areUnderWay(): boolean {
    return this.#written > 0;
  }

  /** `start`: offset of the first of the lines. Losses that touch become one, as long as nothing was said of them. */
  add(gap: Gap, start: number): void {
    const neighbour = this.#find((each) => each.end === start && each.reason === gap.reason);
    const next = this.#find((each) => each.end > gap.end);
    if (neighbour >= 0) this.#list[neighbour] = joined(this.#list[neighbour] as Gap, gap);
    else this.#list.splice(next < 0 ? this.#list.length : next, 0, gap);
    this.#save(this.#list);
  }

  /** The next one whose record is due before the byte at `offset`; it is on its way then. */
  take(offset: number): Gap | undefined {
    const gap = this.#list[this.#written];
    if (gap === undefined || gap.end > offset) return undefined;
    this.#written++;
    return gap;
  }

  /** Nothing is on its way any more. */
  rewind(): void {
    this.#written = 0;
  }

  /** The records of the first `count` are confirmed. */
  confirmed(count: number): void {
    this.#list.splice(0, count);
    this.#written -= count;
    this.#save(this.#list);
  }

  #find(matches: (gap: Gap) => boolean): number {
    return this.#list.findIndex((gap, index) => index >= this.#written && matches(gap));
  }
}
