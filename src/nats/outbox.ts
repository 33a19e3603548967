/**
 * What goes out over a connection: sessions write into one buffer, which leaves in one piece at the end of the event
 * loop's turn (or earlier, when it is large), followed by a PING whose PONG confirms it. What the system does not take stays
 * with the sessions: they can wait.
 */
import { ByteWriter } from '../core/byte-writer.ts';
import { giveBack, outputBuffer } from '../core/line-kernel.ts';
import { addTally } from '../core/tally.ts';
import type { Tally } from '../core/types.ts';
import type { Link } from './link.ts';
import { Window, type Parcel, type Share } from './window.ts';

/** What leaves in one piece, and behind it a message with a line of 16 KiB, however that is escaped. */
const BUFFER_BYTES = 512 * 1024;
/** What one read of a full pipe becomes. More does not make the write cheaper, and the server gets to work sooner. */
export const SEND_BYTES = 192 * 1024;
/**
 * A PING follows at least this often: a slow link then shows by its PONGs that it is not hanging, down to some 25 KB/s.
 */
const ASK_BYTES = 256 * 1024;
/**
 * Between two PINGs while little is sent, in milliseconds: each wakes the process once more, for its PONG. Who waits for a
 * confirmation does not wait so long, see `hurry`.
 */
const ASK_MS = 10;

const NOTHING = Buffer.alloc(0);

/** One session's side of the outbox. */
export interface Lane {
  readonly subject: string;
  ready(): void;
  /** Another subject that it writes to. */
  readonly deadLetterSubject?: string | undefined;
  /** `refused`: the server did not take what was for the subject; `areLettersRefused`: for the other one. */
  confirmed(watermark: number, tally: Tally, refused: boolean, areLettersRefused: boolean): void;
  lost(): void;
  gaveUp(): void;
}

export class Outbox {
  /** Write commands here, then `commit`. */
  out: ByteWriter;
  readonly #window = new Window<Lane>();
  readonly #windowBytes: number;
  readonly #lanes = new Set<Lane>();
  readonly #waiting = new Set<Lane>();
  #buffer = outputBuffer(BUFFER_BYTES);
  #link: Link | undefined;
  #shares: Share<Lane>[] = [];
  #isScheduled = false;
  /** PINGs under way. */
  #asking = 0;
  /** Bytes sent since the last PING. */
  #unasked = 0;
  /** The last parcel that a PING follows. */
  #asked = 0;
  /** When the last PING was sent; of the clock of `#lifeSign`. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #askTimer: NodeJS.Timeout | undefined;
  /** Parcels sent so far. */
  #sent = 0;
  /** By subject: the last parcel that was sent when the server's refusal of it was heard. */
  readonly #refused = new Map<string, number>();
  /** Of the PING that was answered last, in milliseconds; undefined: none was. */
  roundTripMs: number | undefined;
  /** When the link last showed life. Milliseconds of a clock that never goes back. */
  #lifeSign = 0;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.out = new ByteWriter(this.#buffer);
  }

  get isReady(): boolean {
    return this.#link?.isFull === false && this.unconfirmedBytes < this.#windowBytes;
  }

  /** Bytes that are written and not confirmed. */
  get unconfirmedBytes(): number {
    return this.#window.bytes + this.out.length;
  }

  get lanes(): number {
    return this.#lanes.size;
  }

  add(lane: Lane): void {
    this.#lanes.add(lane);
  }

  remove(lane: Lane): void {
    this.#lanes.delete(lane);
    this.#waiting.delete(lane);
  }

  /** Calls `lane.ready()` once there is room. */
  wait(lane: Lane): void {
    this.#waiting.add(lane);
    if (this.#asking === 0 && this.#asked < this.#sent) this.#ask();
  }

  /** Somebody waits for what was written to be confirmed. */
  hurry(): void {
    this.#send();
    if (this.#asked < this.#sent) this.#ask();
  }

  /** Bytes after which what was written leaves; as many once more where it cannot leave now. */
  get enough(): number {
    const { length } = this.out;
    return length < SEND_BYTES ? SEND_BYTES - length : SEND_BYTES;
  }

  /** A message was written. What is enough for a write leaves at once, so that the buffers need not grow. */
  wrote(): void {
    if (this.out.length >= SEND_BYTES) this.#send();
  }

  /** What was written since the last commit belongs to `lane` and completes it up to `watermark`. */
  commit(lane: Lane, watermark: number, tally: Tally): void {
    const last = this.#shares.at(-1);
    if (last?.owner === lane) {
      last.watermark = watermark;
      addTally(last.tally, tally);
    } else {
      this.#shares.push({ owner: lane, watermark, tally });
    }
    if (this.out.length >= SEND_BYTES) this.#send();
    else this.#schedule();
  }

  open(link: Link): void {
    this.#link = link;
    this.#lifeSign = performance.now();
    this.#wake();
  }

  /** The link is lost, and everything with it that is not confirmed. */
  lose(): void {
    this.#link = undefined;
    this.roundTripMs = undefined;
    this.#asking = 0;
    this.#unasked = 0;
    this.#asked = this.#sent;
    this.#askedAt = Number.NEGATIVE_INFINITY;
    clearTimeout(this.#askTimer);
    this.#askTimer = undefined;
    this.#refused.clear();
    this.#window.clear();
    this.#shares = [];
    this.out.clear();
    for (const lane of this.#lanes) lane.lost();
  }

  giveUp(): void {
    for (const lane of this.#lanes) lane.gaveUp();
  }

  /** The link takes more. */
  drained(): void {
    this.#send();
    this.#wake();
  }

  /** Nothing will be sent any more. Idempotent. */
  close(): void {
    this.#link = undefined;
    this.out = new ByteWriter(NOTHING);
    giveBack(this.#buffer);
    this.#buffer = NOTHING;
  }

  refuse(subject: string): void {
    this.#refused.set(subject, this.#sent);
  }

  /** Asks a link that was idle for `pingMs` for a sign of life; returns for how many milliseconds one that is owed has not come. */
  probe(pingMs: number): number {
    const silentMs = performance.now() - this.#lifeSign;
    if (this.#asking > 0) return silentMs;
    if (silentMs >= pingMs) this.#ask();
    return 0;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  #send(): void {
    const link = this.#link;
    if (link === undefined || link.isFull || (this.#shares.length === 0 && this.out.length === 0)) return;
    const bytes = this.out.take();
    this.#window.add({ number: ++this.#sent, bytes: bytes.length, shares: this.#shares });
    this.#shares = [];
    if (bytes.length > 0) link.send(bytes);
    this.#unasked += bytes.length;
    if (this.#unasked >= ASK_BYTES) this.#ask();
    else this.#askInTime();
  }

  /** Unless an answer is on its way: it asks again. */
  #askInTime(): void {
    if (this.#asking > 0 || this.#askTimer !== undefined) return;
    const wait = this.#waiting.size > 0 ? 0 : this.#askedAt + ASK_MS - performance.now();
    if (wait <= 0) return this.#ask();
    this.#askTimer = setTimeout(() => {
      this.#askTimer = undefined;
      if (this.#asking === 0 && this.#asked < this.#sent) this.#ask();
    }, wait);
  }

  #ask(): void {
    const link = this.#link;
    if (link === undefined) return;
    const asked = performance.now();
    // What the kernel takes says nothing about the server: only PONGs are signs of life.
    if (this.#asking === 0) this.#lifeSign = asked;
    this.#asking++;
    this.#unasked = 0;
    this.#askedAt = asked;
    const covered = this.#asked = this.#sent;
    link.ping().then(() => {
      if (link !== this.#link) return;
      this.roundTripMs = performance.now() - asked;
      this.#answered(covered);
    }, ignoreLoss);
  }

  /** The server has taken all parcels up to the number `covered`. */
  #answered(covered: number): void {
    this.#asking--;
    this.#lifeSign = performance.now();
    this.#confirm(this.#window.confirm(covered));
    if (this.#window.parcels > 0) this.#askInTime();
    this.#wake();
  }

  #confirm(parcels: readonly Parcel<Lane>[]): void {
    for (const { number, shares } of parcels) {
      for (const { owner, watermark, tally } of shares) {
        if (this.#lanes.has(owner)) owner.confirmed(watermark, tally, this.#isRefused(owner.subject, number), this.#isRefused(owner.deadLetterSubject, number));
      }
    }
  }

  #isRefused(subject: string | undefined, number: number): boolean {
    return this.#refused.size > 0 && subject !== undefined && number <= (this.#refused.get(subject) ?? 0);
  }

  /** Each lane that waits has its turn; one that still has something to write waits again, behind the others. */
  #wake(): void {
    for (const lane of [...this.#waiting]) {
      if (!this.isReady) return;
      this.#waiting.delete(lane);
      lane.ready();
    }
  }
}

/** A PING that is not answered: `lose` follows, and says so to every lane. */
function ignoreLoss(): void {}
