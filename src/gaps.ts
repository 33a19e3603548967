/**
 * The lines of a session that are missing and whose records NATS has not confirmed, in the order of their places. Besides, the places at which a line was cut
 * for want of time or room: messages that are sent again are the same then, and have the same numbers.
 */
import type { Mark } from './core/journal.ts';
import type { Numbered, Numbering } from './core/numbering.ts';
import type { Cut, Gap, GapReason } from './core/types.ts';
import { joined } from './losses.ts';
import { Retry } from './retry.ts';

/**
 * How long a loss that was announced may go on before it is kept how many lines it was: what is lost meanwhile costs no write to the disk, and a kill finds it told
 * of without its number.
 */
const ANNOUNCED_MS = 1000;

export interface GapsSettings {
  /** Those of the process before this one. */
  readonly kept: readonly (Gap | Cut)[];
  /** Where that one ended, as far as it is known. */
  readonly from: Mark;
  readonly numbering: Numbering;
  /** No place lies behind it: a journal in memory begins anew with each process. */
  readonly head: number;
  /** Keeps them for the next process. */
  readonly save: (gaps: readonly (Gap | Cut)[]) => void;
  /** Keeps for the next process which messages are confirmed. */
  readonly saveConfirmed: () => void;
  /** Records that had to wait may be taken. */
  readonly due: () => void;
}

export class Gaps {
  /** Not on their way, in the order of their places. */
  #waiting: readonly (Gap | Cut)[];
  /** In the order in which they went. */
  #underWay: readonly (Gap | Cut)[] = [];
  readonly #numbering: Numbering;
  readonly #save: GapsSettings['save'];
  readonly #saveConfirmed: GapsSettings['saveConfirmed'];
  readonly #retry: Retry;
  /** The one whose place was reached, and whose numbers begin there. */
  #begun: Gap | Cut | undefined;
  /** Names that were given. */
  #count = 0;
  /** What is being lost, until it is kept how much: for the next process only. */
  readonly #expected = new Map<GapReason, Gap>();
  #announced: NodeJS.Timeout | undefined;

  constructor({ kept, from, head, numbering, save, saveConfirmed, due }: GapsSettings) {
    // Where neither number is known, others behind it may have gone with any.
    this.#waiting = kept.filter(({ told }) => !numbering.isWithin(from.sequence, told))
      .map((gap) => ({ ...gap, end: Math.min(gap.end, head), ...(gap.told === undefined ? { number: gap.number ?? numbering.fresh(gap.end) } : {}) }));
    this.#numbering = numbering;
    this.#save = save;
    this.#saveConfirmed = saveConfirmed;
    this.#retry = new Retry(due);
  }

  /** No record is to be confirmed. */
  get isEmpty(): boolean {
    return !this.#waiting.some(isGap) && !this.areUnderWay;
  }

  /** Records are on their way. */
  get areUnderWay(): boolean {
    return this.#underWay.some(isGap);
  }

  /** There are none, or the server does not permit them. */
  get areQuiet(): boolean {
    return !this.areUnderWay && (!this.#waiting.some(isGap) || this.#retry.isWaiting);
  }

  /** `start`: offset of the first of the lines. Losses that touch become one, as long as nothing was said of them. */
  add(gap: Gap, start: number): void {
    const waiting = this.#waiting;
    const at = waiting.findIndex((each) => isGap(each) && each.end === start && each.reason === gap.reason && canGrow(each, gap));
    const neighbour = waiting[at] as Gap | undefined;
    const numbered = this.#retry.isWaiting ? gap : { ...gap, number: this.#numbering.fresh(start) };
    if (neighbour === undefined) this.#insert(this.#named(numbered));
    else if (!isUncounted(gap) || neighbour.end !== gap.end) this.#waiting = waiting.with(at, joined(neighbour, numbered));
    const { end = Number.POSITIVE_INFINITY } = this.#expected.get(gap.reason) ?? {};
    if (gap.end < end) this.#keep();
  }

  /** A line is cut at `place`. */
  cut(place: number): void {
    this.#insert({ end: place, reason: 'cut', number: this.#numbering.fresh(place) });
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

  /** Place of the next one; Infinity: there is none, or none may be taken now. */
  get next(): number {
    return this.#first?.end ?? Number.POSITIVE_INFINITY;
  }

  /** The place of the next one is reached: the number of the first message there. */
  begin(): Numbered {
    const first = this.#first;
    if (first !== undefined && first.told === undefined && first !== this.#begun) {
      // It may have had to wait, while others went.
      this.#begun = { ...first, number: this.#numbering.beyond(first.number) };
      this.#waiting = this.#waiting.with(this.#waiting.indexOf(first), this.#begun);
    }
    return this.#numbering.next(this.#first?.number);
  }

  /** The next one, if it is due before the byte at `offset`: the next message is about it, with a number that is kept. */
  take(offset: number): (Gap | Cut) & { readonly told: Numbered } | undefined {
    if (this.next > offset) return undefined;
    const sequence = this.begin();
    const first = this.#first as Gap | Cut;
    // One that had to wait stands where it goes now.
    const gap = { ...first, end: first.told === undefined ? offset : first.end, told: sequence };
    this.#waiting = this.#waiting.filter((each) => each !== first);
    this.#underWay = [...this.#underWay, gap];
    this.#keep();
    return gap;
  }

  /** Nothing is on its way any more, and the way may be another one. */
  rewind(): void {
    this.#waiting = [...this.#underWay, ...this.#waiting];
    this.#underWay = [];
    this.#begun = undefined;
    this.#retry.hasten();
  }

  /** The first `count` messages are confirmed. Returns whether records have waited for a confirmation. */
  confirmed(count: number): boolean {
    if (this.#numbering.isWithin(count, this.#underWay[0]?.told)) {
      // In this order: a process that finds gaps kept knows by their numbers whether they are over.
      this.#saveConfirmed();
      this.#takeOff(count);
      this.#keep();
    }
    const haveWaited = this.#retry.reset();
    if (haveWaited) this.settle();
    return haveWaited;
  }

  /**
   * Of the first `count` messages, those that are not confirmed are not permitted: no record is, until something else is permitted or a pause is over. False:
   * there is no use in waiting for that.
   */
  refused(count: number): boolean {
    const { isWaiting } = this.#retry;
    const refused = this.#takeOff(count).filter(isGap);
    // Nobody has it, so that it may grow; for a stream that has taken it all the same, it is another one.
    const waiting = [...refused.map(({ told: _, ...gap }) => this.#named(gap)), ...this.#waiting];
    // They go behind others, whose numbers nobody knows yet.
    this.#waiting = waiting.map((each) => isGap(each) ? withoutNumber(each) : each);
    const isHopeful = this.#retry.wait(refused.length > 0);
    if (!isWaiting && !this.isEmpty) this.#keep();
    return isHopeful;
  }

  /** No more will come. */
  last(): void {
    this.#retry.last();
  }

  /** Nobody will hear of them: how many there were. */
  giveUp(): number {
    const count = [...this.#waiting, ...this.#underWay].filter(isGap).length;
    this.#waiting = [];
    this.#underWay = [];
    if (count > 0) this.#keep();
    return count;
  }

  close(): void {
    this.#retry.hasten();
    this.settle();
  }

  get #first(): Gap | Cut | undefined {
    return this.#retry.isWaiting ? this.#waiting.find((gap) => !isGap(gap)) : this.#waiting[0];
  }

  /** Those under way that are among the first `count` messages. */
  #takeOff(count: number): readonly (Gap | Cut)[] {
    const { taken = [], rest = [] } = Object.groupBy(this.#underWay, ({ told }) => this.#numbering.isWithin(count, told) ? 'taken' : 'rest');
    this.#underWay = rest;
    return taken;
  }

  #named(gap: Gap): Gap {
    return { ...gap, id: `${Date.now().toString(36)}-${(this.#count++).toString(36)}` };
  }

  #insert(gap: Gap | Cut): void {
    const next = this.#waiting.findIndex((each) => each.end > gap.end);
    this.#waiting = this.#waiting.toSpliced(next < 0 ? this.#waiting.length : next, 0, gap);
  }

  #keep(): void {
    this.#save([...this.#underWay, ...this.#waiting, ...this.#expected.values()]);
  }
}

export function isGap(gap: Gap | Cut): gap is Gap {
  return gap.reason !== 'cut';
}

/** What was told stays as it is, unless the other says nothing new. */
function canGrow(one: Gap, other: Gap): boolean {
  if (isUncounted(one) !== isUncounted(other)) return false;
  return one.told === undefined || (isUncounted(other) && one.end === other.end);
}

function withoutNumber({ number: _, ...gap }: Gap): Gap {
  return gap;
}

/** It says no more than that something is missing: to say it twice says nothing new. */
function isUncounted({ bytes }: Gap): boolean {
  return bytes === undefined;
}
