import type { Tally } from '../../src/core/types.ts';
import type { Lane, Outbox } from '../../src/nats/outbox.ts';
import { tallyOf } from '../support/tally.ts';

/** A session in small: numbered lines, and the two offsets that a session keeps. */
export class Writer implements Lane {
  readonly subject: string;
  readonly outbox: Outbox;
  /** Lines to be written in all, written so far, and confirmed. */
  total = 0;
  cursor = 0;
  watermark = 0;
  /** What the books say. */
  booked = 0;
  refusedLines = 0;
  turns = 0;
  losses = 0;
  gaveUps = 0;
  /** Lines per turn; a busy session fills the window at once. */
  readonly perTurn: number;
  readonly #size: number;

  constructor(outbox: Outbox, subject: string, size = 10, perTurn = Number.POSITIVE_INFINITY) {
    this.outbox = outbox;
    this.subject = subject;
    this.perTurn = perTurn;
    this.#size = size;
    outbox.add(this);
  }

  produce(lines: number): void {
    this.total += lines;
    this.pump();
  }

  pump(): void {
    for (let i = 0; this.outbox.isReady && this.cursor < this.total && i < this.perTurn; i++) {
      this.outbox.out.append(Buffer.from(`[${this.subject} ${this.cursor++}]`.padEnd(this.#size, '.')));
      this.outbox.commit(this, this.cursor, tallyOf({ messages: 1, lines: 1 }));
    }
    if (this.cursor < this.total) this.outbox.wait(this);
  }

  ready(): void {
    this.turns++;
    this.pump();
  }

  confirmed(watermark: number, tally: Tally, refused: boolean): void {
    if (watermark < this.watermark) throw new Error('a watermark went back');
    this.watermark = watermark;
    if (refused) this.refusedLines += tally.lines;
    else this.booked += tally.lines;
  }

  lost(): void {
    this.losses++;
    this.cursor = this.watermark;
    this.pump();
  }

  gaveUp(): void {
    this.gaveUps++;
  }
}
