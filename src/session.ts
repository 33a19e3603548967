/**
 * One container's log, from StartLogging until NATS has confirmed its last line: what comes in from the FIFO, and the outputs
 * that it goes to.
 */
import { timeOfOldest } from './backlog.ts';
import type { SessionStatus } from './core/status.ts';
import type { OverflowPlan } from './core/plan.ts';
import type { Delivery } from './delivery.ts';
import { Intake, type IntakeListener, type IntakeSettings } from './intake.ts';
import { measureLoss, type Loss } from './losses.ts';
import { Outputs, type OutputsSettings } from './outputs.ts';
import { cutRun } from './seams.ts';
import type { TailListener } from './tail.ts';
import type { Way } from './way.ts';

export interface SessionSettings extends IntakeSettings, OutputsSettings {
  /** The main one first. */
  readonly ways: readonly Way[];
  /** What this process finds in the FIFO may not follow what the journal has. */
  readonly mayHaveSeam: boolean;
  /** The process before this one was killed. */
  readonly isAfterKill: boolean;
  /** It may have taken lines from the FIFO that the journal does not have. */
  readonly mayHaveLost: boolean;
  /** Called once, when nothing is left to do here. `isOver`: nor in a later process. `isKept`: the journal has all from the watermark on. */
  readonly ended: (isOver: boolean, isKept: boolean) => void;
}

export class Session implements IntakeListener {
  readonly #settings: SessionSettings;
  readonly #intake: Intake;
  readonly #outputs: Outputs;
  /** Set when nothing is left to do: resolves when what is kept is safe. */
  #ending: Promise<void> | undefined;

  /** Opens the FIFO; throws an Error for the user when that fails. Whatever fails, nothing stays open. */
  constructor(settings: SessionSettings) {
    this.#settings = settings;
    using opened = new DisposableStack();
    this.#intake = opened.use(new Intake(settings, this));
    this.#outputs = new Outputs(this.#intake, settings.ways, settings, () => this.#end());
    opened.move();
    const { journal, seams } = this.#intake;
    if (settings.mayHaveSeam) seams.add(journal.head);
    if (settings.isAfterKill && (settings.mayHaveLost || journal.isTorn)) for (const { losses } of this.#outputs.all) losses.crashed(journal.head);
    for (const { from, to } of journal.missing) {
      this.#missing(this.#outputs.all.filter(({ name }) => (journal.markOf(name)?.offset ?? 0) < to), from, to);
      journal.discard(from, to);
    }
    this.#outputs.countLost();
    for (const { account, watermark } of this.#outputs.all) if (watermark < journal.head) account.inherited(timeOfOldest(journal));
    // The owner must know the session before it can end.
    setImmediate(() => this.#intake.isClosed ? this.#intake.complete() : this.#outputs.pump());
  }

  status(): Pick<SessionStatus, 'state' | 'bytes_read' | 'last_read_at' | 'journal' | 'outputs'> {
    const { journal, isStopping } = this.#intake;
    const { all, main, watermark } = this.#outputs;
    const { bytesRead, lastReadAt } = main.account;
    const ages = all.map((delivery) => delivery.account.oldestAge(!delivery.isQuiet));
    return {
      state: main.isParked ? 'parked' : isStopping ? 'stopping' : 'live',
      bytes_read: bytesRead,
      ...(lastReadAt === undefined ? {} : { last_read_at: new Date(lastReadAt).toISOString() }),
      journal: { kind: journal.kind, bytes: journal.head - watermark, volatile_bytes: journal.volatileBytes, oldest_age_seconds: Math.max(...ages) },
      outputs: all.map((delivery) => delivery.status()),
    };
  }

  /** Where its lines go from now on, see Outputs. */
  change(ways: readonly Way[], overflow: OverflowPlan): void {
    if (this.#ending !== undefined) return;
    this.#intake.overflow = overflow;
    this.#outputs.change(ways);
  }

  /**
   * The engine has written its last: reads what is there and resolves when NATS has confirmed it, when `signal` says
   * that it is time to answer, or at once while NATS is away. Delivery goes on in any case.
   */
  async stop(signal: AbortSignal): Promise<void> {
    this.#intake.drain();
    this.#intake.stop();
    this.#outputs.pump();
    await this.#outputs.delivered(this.#outputs.all.filter(({ isAway }) => !isAway), signal);
  }

  /**
   * The process ends: what was read is delivered, if that succeeds before `signal`; what is safe in the journal does not
   * wait for a NATS that is away. The journal keeps the rest for the next process; what it cannot keep is counted as lost, and
   * while NATS does not take it not even read: it is safer in the FIFO. What a disk keeps is read unless NATS is away.
   */
  async shutDown(signal: AbortSignal): Promise<void> {
    const { journal } = this.#intake;
    this.#intake.suspend();
    const isKept = journal.kind === 'disk' && journal.volatileBytes === 0;
    if (this.#outputs.all.every(({ isReady, isAway }) => isReady || (isKept && !isAway))) this.#intake.drain();
    this.#intake.complete();
    await this.#outputs.delivered(this.#outputs.all.filter(({ isAway }) => journal.volatileBytes > 0 || !isAway), signal);
    if (this.#ending === undefined) this.#outputs.abandonLeaving();
    for (const delivery of this.#ending === undefined ? this.#outputs.all : []) {
      delivery.rewind();
      if (journal.volatileBytes > 0) delivery.dropAll('shutdown');
    }
    this.#end();
    await this.#ending;
  }

  /** Shows the lines that come from now on. Returns what ends it. */
  tail(listener: TailListener): () => void {
    return this.#intake.tail(listener);
  }

  /** Bytes that wait for room in the window of the slowest output. */
  get unread(): number {
    return this.#intake.journal.head - Math.min(...this.#outputs.all.map(({ cursor }) => cursor));
  }

  /** Gives up the oldest unread lines. Called when the memory for all sessions is exhausted. */
  shed(bytes: number): void {
    this.#outputs.abandonLeaving();
    const { all } = this.#outputs;
    const from = this.#firstUnsent();
    const losers = all.filter(({ position }) => position <= from);
    const limit = Math.min(...all.filter(({ position }) => position > from).map(({ watermark }) => watermark));
    const isRest = losers.every(({ losses }) => losses.cutAt === from);
    const loss = measureLoss((at, decoder) => cutRun(this.#intake.readRun(at, decoder), limit), from, bytes, isRest, (skipped, places) => {
      for (const { account } of losers) account.skipped(skipped, places);
    });
    if (loss.end === from) return;
    this.#lose(losers, loss, from);
    this.#intake.journal.discard(from, loss.end);
    for (const delivery of losers.filter(({ position }) => position === from)) delivery.skip(loss.end);
  }

  readable(): void {
    this.#outputs.pump();
  }

  unreadable(from: number, to: number): void {
    this.#missing(this.#outputs.all.filter(({ watermark }) => watermark < to), from, to);
  }

  took(bytes: number): void {
    for (const delivery of this.#outputs.all) if (!delivery.isLeaving) delivery.account.read(bytes);
    this.#outputs.pump();
  }

  dropping(): void {
    const { head } = this.#intake.journal;
    for (const { isLeaving, losses } of this.#outputs.all) if (!isLeaving) losses.expect(head);
  }

  dropped(loss: Loss): void {
    this.#lose(this.#outputs.all, loss, loss.end);
  }

  settled(): void {
    for (const { losses } of this.#outputs.all) losses.settle();
  }

  completed(): void {
    this.#outputs.pump();
  }

  #end(): void {
    this.#ending ??= this.#outputs.areDelivered ? this.#remove() : this.#close();
  }

  async #remove(): Promise<void> {
    const isOver = !this.#intake.isSuspended;
    this.#intake.remove();
    if (isOver) this.#outputs.end();
    else this.#outputs.close();
    this.#settings.ended(isOver, false);
  }

  async #close(): Promise<void> {
    const closed = this.#intake.close();
    this.#outputs.close();
    await closed;
    this.#settings.ended(false, true);
  }

  /**
   * Behind the oldest line that was not handed over: what is on its way for one output, and may have to be read again, is given
   * up by none.
   */
  #firstUnsent(): number {
    const { all } = this.#outputs;
    let from = Math.min(...all.map(({ position }) => position));
    const isInFlight = ({ watermark, position }: Delivery): boolean => watermark <= from && from < position;
    for (let found = all.find(isInFlight); found !== undefined; found = all.find(isInFlight)) from = found.position;
    return from;
  }

  #lose(deliveries: readonly Delivery[], loss: Loss, start: number): void {
    for (const { isLeaving, losses } of deliveries) if (!isLeaving) losses.lose({ ...loss, reason: 'overflow' }, start);
  }

  #missing(deliveries: readonly Delivery[], from: number, to: number): void {
    for (const { losses } of deliveries) losses.unreadable(from, to);
    this.#intake.seams.add(to);
  }
}
