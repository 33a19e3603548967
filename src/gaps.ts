/** The lines of a session that are missing and whose records NATS has not confirmed, in the order of their places. */
import type { Gap, GapReason } from './core/types.ts';
import { joined } from './losses.ts';
import { Retry } from './retry.ts';

/**
 * How long a loss that was announced may go on before it is kept how many lines it was: what is lost meanwhile costs no write to the disk, and a kill finds it told
 * of without its number.
 */
const ANNOUNCED_MS = 1000;

export interface GapsSettings {
  /** Those of the process before this one. */
  readonly kept: readonly Gap[];
  /** No place lies behind it: a journal in memory begins anew with each process. */
  readonly head: number;
  /** Keeps them for the next process. */
  readonly save: (gaps: readonly Gap[]) => void;
  /** Records that had to wait may be taken. */
  readonly due: () => void;
}

export class Gaps {
  /** Not on their way, in the order of their places. */
  #waiting: readonly Gap[];
  /** In the order in which they went. */
  #underWay: readonly Gap[] = [];
  /** Of these, somebody may have the record: they stay as they are. */
  readonly #told: WeakSet<Gap>;
  readonly #save: GapsSettings['save'];
  readonly #retry: Retry;
  /** Names that were given. */
  #count = 0;
  /** What is being lost, until it is kept how much: for the next process only. */
  readonly #expected = new Map<GapReason, Gap>();
  #announced: NodeJS.Timeout | undefined;

  constructor({ kept, head, save, due }: GapsSettings) {
    this.#waiting = kept.map((gap) => ({ ...gap, end: Math.min(gap.end, head) }));
    this.#told = new WeakSet(this.#waiting);
    this.#save = save;
    this.#retry = new Retry(due);
  }

  get isEmpty(): boolean {
    return this.#waiting.length + this.#underWay.length === 0;
  }

  /** Records are on their way. */
  get areUnderWay(): boolean {
    return this.#underWay.length > 0;
  }

  /** There are none, or the server does not permit them. */
  get areQuiet(): boolean {
    return !this.areUnderWay && (this.#waiting.length === 0 || this.#retry.isWaiting);
  }

  /** `start`: offset of the first of the lines. Losses that touch become one, as long as nothing was said of them. */
  add(gap: Gap, start: number): void {
    const waiting = [...this.#waiting];
    const at = waiting.findIndex((each) => each.end === start && each.reason === gap.reason && isUncounted(each) === isUncounted(gap) && (isUncounted(gap) || !this.#told.has(each)));
    const neighbour = waiting[at];
    if (neighbour === undefined) {
      const next = waiting.findIndex((each) => each.end > gap.end);
      waiting.splice(next < 0 ? waiting.length : next, 0, this.#named(gap));
    } else if (!isUncounted(gap) || neighbour.end !== gap.end) {
      waiting[at] = joined(neighbour, gap);
    }
    this.#waiting = waiting;
    const { end = Number.POSITIVE_INFINITY } = this.#expected.get(gap.reason) ?? {};
    if (gap.end < end) this.#keep();
  }

  /**
   * Lines are about to be lost, perhaps often: `gap`, of which the numbers are not known, is for the next process, if this one ends before `settle`. What is
   * added for the same reason, there or behind, need not be kept at once.
   */
  expect(gap: Gap): void {
    if (this.#expected.has(gap.reason)) return;
    this.#expected.set(gap.reason, gap);
    this.#keep();
    this.#announced ??= setTimeout(() => this.settle(), ANNOUNCED_MS);
  }

  /** All that was lost is added. */
  settle(): void {
    clearTimeout(this.#announced);
    this.#announced = undefined;
    if (this.#expected.size === 0) return;
    this.#expected.clear();
    this.#keep();
  }

  /** The next one whose record is due before the byte at `offset`; it is on its way then. */
  take(offset: number): Gap | undefined {
    const gap = this.#waiting[0];
    if (gap === undefined || gap.end > offset || this.#retry.isWaiting) return undefined;
    this.#waiting = this.#waiting.slice(1);
    this.#underWay = [...this.#underWay, gap];
    this.#told.add(gap);
    return gap;
  }

  /** Nothing is on its way any more, and the way may be another one. */
  rewind(): void {
    this.#waiting = [...this.#underWay, ...this.#waiting];
    this.#underWay = [];
    this.#retry.hasten();
  }

  /** NATS has taken something: also the records of the first `count` that went. Returns whether others have waited for that. */
  confirmed(count: number): boolean {
    if (count > 0) {
      this.#underWay = this.#underWay.slice(count);
      this.#keep();
    }
    const haveWaited = this.#retry.reset();
    if (haveWaited) this.settle();
    return haveWaited;
  }

  /**
   * The server has not permitted something: also the records of the first `count` that went. All wait, until it permits something else or a pause is over. False:
   * there is no use in that.
   */
  refused(count: number): boolean {
    // A record that grows would be the same for a stream, should it have taken it all the same.
    this.#waiting = [...this.#underWay.slice(0, count).map((gap) => gap.reason === 'not-permitted' ? this.#named(gap) : gap), ...this.#waiting];
    this.#underWay = this.#underWay.slice(count);
    return this.#retry.wait(count > 0);
  }

  /** No more will come. */
  last(): void {
    this.#retry.last();
  }

  /** Nobody will hear of them: how many there were. */
  giveUp(): number {
    const count = this.#waiting.length + this.#underWay.length;
    this.#waiting = [];
    this.#underWay = [];
    if (count > 0) this.#keep();
    return count;
  }

  close(): void {
    this.#retry.hasten();
    this.settle();
  }

  #named(gap: Gap): Gap {
    return { ...gap, id: `${Date.now().toString(36)}-${(this.#count++).toString(36)}` };
  }

  #keep(): void {
    this.#save([...this.#underWay, ...this.#waiting, ...this.#expected.values()]);
  }
}

/** It says no more than that something is missing: to say it twice says nothing new. */
function isUncounted({ bytes }: Gap): boolean {
  return bytes === undefined;
}
