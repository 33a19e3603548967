/**
 * The answers of JetStream on one connection: one subscription for all sessions, a window of messages that wait for
 * theirs, and a deadline. A lane is one session's side; see `AckLane`.
 */
import { AckWindow, type Batch, type Unanswered } from './ack-window.ts';
import type { Link } from './link.ts';
import { isStored, readAnswer, TIMED_OUT, type Answer } from './publish-answer.ts';

/**
 * What a server with file storage takes in some 0.1 s: more would only wait there, and come later where the order is lost
 * (docs/decisions/0009). No option: `nats-window-size` bounds the bytes, which is what memory and distance are about.
 */
const MAX_MESSAGES = 8192;
/** An answer that has not come by then is lost, or the stream has no leader. */
const ANSWER_MS = 5000;
const WATCH_MS = 500;

export interface AckBatch extends Batch {
  readonly owner: AckLane;
  /** Everything of the session before this offset is in this batch or an earlier one. */
  watermark: number;
}

export interface AckLane {
  /** The latest it heard is that something was not stored. */
  readonly isFailing: boolean;
  /** All messages of the batch are answered; or one is stored, while the lane is failing. */
  stored(batch: AckBatch): void;
  /** A message is not. */
  failed(message: Unanswered<AckBatch>, answer: Answer): void;
  /** Answers are missing: none of the lane's messages is waited for any more. */
  retry(answer: Answer): void;
  /** There is room again. */
  ready(): void;
}

export class Acks {
  readonly window = new AckWindow<AckBatch>();
  /** Answers come to `<inbox>.<number>`. */
  readonly inbox: string;
  readonly #windowBytes: number;
  readonly #now: () => number;
  readonly #waiting = new Set<AckLane>();
  #isWaking = false;
  #watch: NodeJS.Timeout | undefined;

  /** `windowBytes` may be unanswered at a time; `now`: milliseconds of a clock that never goes back. */
  constructor(inbox: string, windowBytes: number, now: () => number = () => performance.now()) {
    this.inbox = inbox;
    this.#windowBytes = windowBytes;
    this.#now = now;
  }

  /** Listens on a new link. */
  open(link: Link): void {
    link.takeAnswers(this.inbox, (number, bytes, start, end, status) => this.#answered(number, bytes, start, end, status));
  }

  get hasRoom(): boolean {
    return this.window.count < MAX_MESSAGES && this.window.bytes < this.#windowBytes;
  }

  /** Calls `lane.ready()` once there is room. */
  wait(lane: AckLane): void {
    this.#waiting.add(lane);
  }

  /** The server has read the batch: its answers are due. What waits on our side of a slow link is not late. */
  read(batch: AckBatch): void {
    if (batch.pending === 0) return;
    batch.readAt = this.#now();
    this.#watch ??= setInterval(() => this.#expire(), WATCH_MS);
  }

  /** No answer is expected any more for what matches. */
  forget(matches: (batch: AckBatch) => boolean): void {
    this.window.forget(matches);
    this.#wake();
  }

  /** Nor for the dead letters of what matches: which they are. */
  takeLetters(matches: (batch: AckBatch) => boolean): readonly Unanswered<AckBatch>[] {
    const letters = this.window.takeLetters(matches);
    this.#wake();
    return letters;
  }

  remove(lane: AckLane): void {
    this.#waiting.delete(lane);
    this.forget(({ owner }) => owner === lane);
  }

  close(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #answered(number: number, bytes: Buffer, start: number, end: number, status: number): void {
    this.#wake();
    if (isStored(bytes, start, end)) {
      const batch = this.window.take(number);
      if (batch?.pending === 0 || batch?.owner.isFailing === true) batch.owner.stored(batch);
      return;
    }
    const message = this.window.find(number);
    this.window.take(number);
    message?.batch.owner.failed(message, readAnswer(bytes.subarray(start, end), status));
  }

  /** A lane that fails takes all of its messages out of the window. */
  #expire(): void {
    const late = this.#now() - ANSWER_MS;
    for (let batch = this.window.oldest; batch !== undefined && batch.readAt < late; batch = this.window.oldest) {
      const { owner } = batch;
      owner.retry(TIMED_OUT);
      this.window.forget((other) => other.owner === owner);
    }
    this.#wake();
    if (this.window.count === 0) this.close();
  }

  /** Answers come many at a time: those who wait have their turn once all of them are heard. */
  #wake(): void {
    if (this.#isWaking || this.#waiting.size === 0) return;
    this.#isWaking = true;
    setImmediate(() => {
      this.#isWaking = false;
      for (const lane of [...this.#waiting]) {
        if (!this.hasRoom) return;
        this.#waiting.delete(lane);
        lane.ready();
      }
    });
  }
}
