/** What an output loses: how much it is, that it is counted, and that the stream of messages is told of it. */
import type { Account } from './core/account.ts';
import type { DropReason, Gap, Tally } from './core/types.ts';
import type { Gaps } from './gaps.ts';
import type { Intake } from './intake.ts';
import { keptBytes, measureLoss, now, type Loss, type ReadRun } from './losses.ts';
import { cutRun } from './seams.ts';

export class OutputLosses {
  readonly #account: Account;
  readonly #intake: Intake;
  readonly #gaps: Gaps;
  #cutAt: number | undefined;

  constructor(account: Account, intake: Intake, gaps: Gaps) {
    this.#account = account;
    this.#intake = intake;
    this.#gaps = gaps;
  }

  /** Where the rest of a line begins that is counted as lost. */
  get cutAt(): number | undefined {
    return this.#cutAt;
  }

  /** Bytes are missing. `start`: offset of the first of them. */
  missing(gap: Gap, start: number): void {
    this.#gaps.add(gap, start);
  }

  /** The disk does not give these bytes back. */
  unreadable(from: number, to: number): void {
    this.#account.unreadable(to - from);
    this.missing({ end: to, reason: 'unreadable', bytes: to - from, to: now() }, from);
  }

  /** The process before this one was killed: nobody knows what, and whether anything, is missing at `offset`. */
  crashed(offset: number): void {
    this.#account.crashed();
    this.missing({ end: offset, reason: 'crash', to: now() }, offset);
  }

  /** Lines are about to be lost at `offset`, see Gaps. */
  expect(offset: number): void {
    this.#gaps.expect({ end: offset, reason: 'overflow', to: now() });
  }

  settle(): void {
    this.#gaps.settle();
  }

  /** `start`: offset of the first of the lines, if there are any. */
  lose({ isCut, ...gap }: Loss & { readonly reason: DropReason }, start: number): void {
    this.#account.dropped(gap.reason, gap.lines);
    if (isCut) this.#cutAt = gap.end;
    if (gap.lines > 0 || gap.bytes > 0) this.missing(gap, start);
  }

  /** The lines from `from` on that lie before `end` are given up. Returns the offset behind the last of them. */
  giveUp(from: number, end: number, reason: DropReason): number {
    const loss = measureLoss(this.#readRun(end), from, Number.POSITIVE_INFINITY, this.#cutAt === from, (bytes, places) => this.#account.skipped(bytes, places));
    if (loss.end > from) this.lose({ ...loss, reason }, from);
    return loss.end;
  }

  /**
   * The server has taken what lies from `from` to `to`, as the tally has it, or has `refused` it; it is on hand still. `sequence`: the number of its last message.
   */
  answered(from: number, to: number, tally: Tally, refused: boolean, sequence: number): void {
    if (refused) this.#refused(from, to, tally, sequence);
    // Which lines these were is not known.
    else if (tally.lostLetters > 0) this.missing({ end: to, reason: 'too-large', to: now() }, to);
  }

  /** Nobody will hear of what was lost. */
  giveUpRecords(): void {
    this.#account.recordsGivenUp(this.#gaps.giveUp());
  }

  /** No line will come of what lies from `from` on before `end`. */
  giveUpRest(from: number, end: number): void {
    const { kept, unreadFrom } = keptBytes(this.#readRun(end), from);
    this.#account.skipped(kept, 1);
    if (unreadFrom !== undefined) this.unreadable(unreadFrom, Math.min(this.#intake.journal.head, end));
  }

  /** The record of these lines would be as little permitted as they, and waits. What went to the dead-letter subject is not lost. */
  #refused(from: number, to: number, { lines, tooLarge, refused, deadLettered, lostLetters }: Tally, sequence: number): void {
    const isWaiting = this.#gaps.refused(sequence);
    const missing = lines - deadLettered + tooLarge + refused + lostLetters;
    if (missing > 0) this.#notPermitted(from, to, missing);
    if (!isWaiting) this.giveUpRecords();
  }

  #notPermitted(from: number, to: number, lines: number): void {
    let isKnown = true;
    const readRun: ReadRun = (at, decoder) => {
      const run = this.#readRun(to)(at, decoder);
      if (run === 'later') isKnown = false;
      return run;
    };
    const { bytes, from: since, to: until } = measureLoss(readRun, from, Number.POSITIVE_INFINITY, false, () => undefined);
    const gap = { end: to, reason: 'not-permitted', to: until } as const;
    this.#gaps.expect(gap);
    this.missing(isKnown ? { ...gap, lines, bytes, from: since } : gap, from);
  }

  #readRun(end: number): ReadRun {
    return (at, decoder) => cutRun(this.#intake.readRun(at, decoder), end);
  }
}
