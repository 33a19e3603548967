/** The lines of a session that are missing and whose records NATS has not confirmed, in the order of their places. */
import type { Gap } from './core/types.ts';
import { joined } from './losses.ts';

export class Gaps {
  /** Not on their way, in the order of their places. */
  #waiting: readonly Gap[];
  /** In the order in which they went. */
  #underWay: readonly Gap[] = [];
  /** Of these, somebody may have the record: they stay as they are. */
  readonly #told: WeakSet<Gap>;
  readonly #save: (gaps: readonly Gap[]) => void;
  /** Those that were added. */
  #count = 0;
  /** What is being lost, until it is known how much: for the next process only. */
  #expected: Gap | undefined;

  /** `head`: no place lies behind it; a journal in memory begins anew with each process. `save`: keeps them for the next process. */
  constructor(gaps: readonly Gap[], head: number, save: (gaps: readonly Gap[]) => void) {
    this.#waiting = gaps.map((gap) => ({ ...gap, end: Math.min(gap.end, head) }));
    this.#told = new WeakSet(this.#waiting);
    this.#save = save;
  }

  get isEmpty(): boolean {
    return this.#waiting.length + this.#underWay.length === 0;
  }

  /** Records are on their way. */
  get areUnderWay(): boolean {
    return this.#underWay.length > 0;
  }

  /** `start`: offset of the first of the lines. Losses that touch become one, as long as nothing was said of them. */
  add(gap: Gap, start: number): void {
    const waiting = [...this.#waiting];
    const at = waiting.findIndex((each) => each.end === start && each.reason === gap.reason && (isUncounted(each) || !this.#told.has(each)));
    const neighbour = waiting[at];
    if (neighbour === undefined) {
      const next = waiting.findIndex((each) => each.end > gap.end);
      waiting.splice(next < 0 ? waiting.length : next, 0, { ...gap, id: `${Date.now().toString(36)}-${(this.#count++).toString(36)}` });
    } else if (!isUncounted(neighbour) || neighbour.end !== gap.end) {
      waiting[at] = joined(neighbour, gap);
    }
    this.#waiting = waiting;
    if (gap.end !== this.#expected?.end || gap.reason !== this.#expected.reason) this.#keep();
  }

  /**
   * Something is about to be lost, perhaps often: `gap`, of which the numbers are not known, is for the next process, if this one ends before `settle`. What is
   * added in its place meanwhile need not be kept at once.
   */
  expect(gap: Gap): void {
    this.#expected = gap;
    this.#keep();
  }

  /** All that was lost is added. */
  settle(): void {
    if (this.#expected === undefined) return;
    this.#expected = undefined;
    this.#keep();
  }

  /** The next one whose record is due before the byte at `offset`; it is on its way then. */
  take(offset: number): Gap | undefined {
    const gap = this.#waiting[0];
    if (gap === undefined || gap.end > offset) return undefined;
    this.#waiting = this.#waiting.slice(1);
    this.#underWay = [...this.#underWay, gap];
    this.#told.add(gap);
    return gap;
  }

  /** Nothing is on its way any more. */
  rewind(): void {
    this.#waiting = [...this.#underWay, ...this.#waiting];
    this.#underWay = [];
  }

  /** The records of the first `count` that went are confirmed. */
  confirmed(count: number): void {
    this.#underWay = this.#underWay.slice(count);
    this.#keep();
  }

  #keep(): void {
    this.#save([...this.#underWay, ...this.#waiting, ...(this.#expected === undefined ? [] : [this.#expected])]);
  }
}

/** It says no more than that something is missing: to say it twice says nothing new. */
function isUncounted({ bytes }: Gap): boolean {
  return bytes === undefined;
}
