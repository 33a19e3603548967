/**
 * The outputs of a session: which there are, where each of them is, and how much of the journal none of them needs any more.
 * The journal keeps what the slowest has not confirmed.
 */
import type { Account } from './core/account.ts';
import type { Mark } from './core/journal.ts';
import { Numbering } from './core/numbering.ts';
import { MAIN_OUTPUT, type LeavingOutput, type OutputPlan } from './core/plan.ts';
import type { Cut, Gap } from './core/types.ts';
import { Delivery, type DeliveryListener } from './delivery.ts';
import { Gaps } from './gaps.ts';
import type { Intake } from './intake.ts';
import { OutputLosses } from './output-losses.ts';
import type { HeldBytes } from './stages/reassemble.ts';
import type { Way } from './way.ts';

export interface OutputsSettings {
  /** By output: those whose records were not confirmed when the process before this one ended. */
  readonly gaps: Readonly<Record<string, readonly (Gap | Cut)[]>>;
  /** To be kept for the next process. */
  readonly saveGaps: (output: string, gaps: readonly (Gap | Cut)[]) => void;
  readonly held: HeldBytes;
  readonly openAccount: (output: string, transport: OutputPlan['transport']) => Account;
  /** Left behind by the process before this one: nobody can tell where their lines were to go. */
  readonly leaving: readonly LeavingOutput[];
  /** Those that are leaving now: to be kept for the next process. */
  readonly saveLeaving: (leaving: readonly LeavingOutput[]) => void;
  /** An output that is no more has ended. */
  readonly removed: (account: Account, output: string) => void;
}

/** Somebody who waits until these have delivered everything. */
interface Wait {
  readonly deliveries: readonly Delivery[];
  readonly done: () => void;
}

export class Outputs implements DeliveryListener {
  readonly #intake: Intake;
  readonly #settings: OutputsSettings;
  readonly #completed: () => void;
  readonly #waits = new Set<Wait>();
  #all: readonly Delivery[] = [];
  /** There were several once: each has a mark of its own. */
  #isMarked = false;
  /** The next process is told of some that are leaving. */
  #hasLeaving = false;

  /** `ways`: the main one first. `completed`: nothing more will come, and all is done; perhaps called more than once. */
  constructor(intake: Intake, ways: readonly Way[], settings: OutputsSettings, completed: () => void) {
    this.#intake = intake;
    this.#settings = settings;
    this.#completed = completed;
    using opened = new DisposableStack();
    opened.defer(() => this.close());
    for (const way of ways) this.#all = [...this.#all, this.#open(way, this.#resumeAt(way.plan.name), settings.gaps[way.plan.name])];
    opened.move();
    if (this.#isMarked) this.#markAll();
  }

  /** The main one first, those that are leaving included. Replaced, never changed. */
  get all(): readonly Delivery[] {
    return this.#all;
  }

  get main(): Delivery {
    return this.#all[0] as Delivery;
  }

  /** Everything before it is confirmed or given up by all. */
  get watermark(): number {
    return Math.min(...this.#all.map(({ watermark }) => watermark));
  }

  /** Nothing is left to tell NATS. */
  get areDelivered(): boolean {
    return this.#all.every(({ isDelivered }) => isDelivered);
  }

  /** Counts what the outputs that a kill found leaving did not deliver. The journal may tell its owner meanwhile what it cannot read. */
  countLost(): void {
    const { leaving, openAccount, removed } = this.#settings;
    for (const { name, transport, end } of leaving.filter((output) => !this.#all.some((delivery) => delivery.name === output.name))) {
      const account = openAccount(name, transport);
      // Its stream of messages is told of nothing any more.
      const numbering = new Numbering();
      const losses = new OutputLosses(account, this.#intake, new Gaps({ kept: [], from: { offset: 0, sequence: 0 }, head: 0, numbering, save: nobody, saveConfirmed: nobody, due: nobody }));
      losses.giveUpRest(losses.giveUp(this.#resumeAt(name).offset, end, 'removed'), end);
      removed(account, name);
    }
    if (leaving.length > 0) this.#settings.saveLeaving([]);
  }

  pump(): void {
    for (const delivery of this.#all) delivery.pump();
  }

  /**
   * The outputs are these from now on, the main one first. Those that are new begin with the line that the main one comes to next;
   * those that are no more still deliver what lies before it, and what that takes too long for is counted.
   */
  change(ways: readonly Way[]): void {
    const { boundary } = this.main;
    const names = new Set(ways.map(({ plan }) => plan.name));
    for (const delivery of this.#all.filter(({ name, isLeaving }) => !names.has(name) && !isLeaving)) {
      delivery.remove(boundary, () => this.#abandon(delivery));
      if (delivery.isParked) this.#abandon(delivery);
    }
    for (const way of ways) {
      const known = this.#all.find(({ name }) => name === way.plan.name);
      if (known === undefined) this.#add(way, boundary);
      else known.change(way);
    }
    this.#saveLeaving();
  }

  /** Those that are no more are given no more time. */
  abandonLeaving(): void {
    for (const delivery of this.#all.filter(({ isLeaving }) => isLeaving)) this.#abandon(delivery);
  }

  /** Resolves when these have delivered everything, or when `signal` says that it is time. */
  delivered(deliveries: readonly Delivery[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      this.#waits.add({ deliveries, done: resolve });
      signal.addEventListener('abort', () => resolve());
      for (const delivery of deliveries) delivery.hurry();
      this.settle();
    });
  }

  /** Nothing is left for a later process. */
  end(): void {
    for (const { losses } of this.#all) losses.giveUpRecords();
    this.close();
  }

  close(): void {
    for (const delivery of this.#all) delivery.close();
  }

  advanced({ name, watermark, sequence }: Delivery): void {
    if (this.#isMarked) this.#intake.journal.mark(name, watermark, sequence);
    this.#release();
  }

  /** Looks whether this was the last confirmation that somebody waits for. */
  settle(): void {
    for (const delivery of this.#all) {
      if (delivery.isQuiet) delivery.account.settled();
      if (delivery.isDelivered && delivery.isLeaving) this.#remove(delivery);
    }
    for (const wait of this.#waits) {
      if (!wait.deliveries.every(({ isQuiet }) => isQuiet)) continue;
      this.#waits.delete(wait);
      wait.done();
    }
    if (this.#intake.isComplete && this.#all.every(isDone)) this.#completed();
  }

  #open(way: Way, from: Mark, gaps: readonly (Gap | Cut)[] = []): Delivery {
    const { saveGaps, openAccount, held } = this.#settings;
    const { name } = way.plan;
    this.#isMarked ||= name !== MAIN_OUTPUT;
    const settings = { account: openAccount(name, way.plan.transport), held, gaps, saveGaps: (changed: readonly (Gap | Cut)[]) => saveGaps(name, changed) };
    return new Delivery(this.#intake, way, settings, from, this);
  }

  #saveLeaving(): void {
    const leaving = this.#all.filter(({ isLeaving }) => isLeaving).map(({ name, plan: { transport }, end }) => ({ name, transport, end }));
    if (leaving.length > 0 || this.#hasLeaving) this.#settings.saveLeaving(leaving);
    this.#hasLeaving = leaving.length > 0;
  }

  /** Where the process before this one ended. The journal's own watermark is that of the slowest output, with the main one's sequence. */
  #resumeAt(output: string): Mark {
    const { watermark, sequence } = this.#intake.journal;
    const mark = this.#intake.journal.markOf(output);
    if (output === MAIN_OUTPUT) return { offset: Math.max(watermark, mark?.offset ?? 0), sequence: Math.max(sequence, mark?.sequence ?? 0) };
    return { offset: Math.max(watermark, mark?.offset ?? 0), sequence: mark?.sequence ?? 0 };
  }

  /** One that was there before goes on counting. */
  #add(way: Way, offset: number): void {
    const delivery = this.#open(way, { offset, sequence: this.#intake.journal.markOf(way.plan.name)?.sequence ?? 0 });
    this.#all = [...this.#all, delivery];
    this.#markAll();
    delivery.pump();
  }

  /** One that never confirms anything has a place, too. */
  #markAll(): void {
    for (const { name, watermark, sequence } of this.#all) this.#intake.journal.mark(name, watermark, sequence);
  }

  /** It is given no more time. */
  #abandon(delivery: Delivery): void {
    if (!this.#all.includes(delivery)) return;
    delivery.rewind();
    delivery.dropAll('removed');
    this.#remove(delivery);
    this.settle();
  }

  #remove(delivery: Delivery): void {
    if (!this.#all.includes(delivery)) return;
    this.#all = this.#all.filter((each) => each !== delivery);
    delivery.losses.giveUpRecords();
    delivery.close();
    this.#settings.removed(delivery.account, delivery.name);
    this.#saveLeaving();
    this.#release();
  }

  #release(): void {
    const offset = this.#all.length === 1 ? this.main.watermark : this.watermark;
    this.#intake.seams.forget(offset);
    this.#intake.journal.release(offset, this.main.sequence);
  }
}

/** Nothing is left, or only the beginning of a line. */
function isDone({ isDelivered, isLeftWhole }: Delivery): boolean {
  return isDelivered || isLeftWhole;
}

/** Hears of records that nobody will be told of. */
function nobody(): void {}
