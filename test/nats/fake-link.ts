/** A link whose server answers when the test says so. */
import type { Link } from '../../src/nats/link.ts';

export class FakeLink implements Link {
  maxPayload = 1024 * 1024;
  readonly discovered: readonly string[] = [];
  readonly serverVersion = 'fake';
  readonly isSlow = false;
  /** As if the system took no more. */
  isFull = false;
  /** Sent and not confirmed. */
  readonly unconfirmed: Buffer[] = [];
  /** All that was confirmed. */
  confirmed = '';
  isClosed = false;
  #pings: { readonly sentBefore: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  #sent = 0;
  #confirmedCount = 0;

  send(bytes: Uint8Array): void {
    this.unconfirmed.push(Buffer.from(bytes));
    this.#sent++;
  }

  ping(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pings.push({ sentBefore: this.#sent, resolve, reject });
    return promise;
  }

  get openPings(): number {
    return this.#pings.length;
  }

  get unconfirmedBytes(): number {
    return this.unconfirmed.reduce((sum, { length }) => sum + length, 0);
  }

  /** Answers the oldest PING; false when there is none. Resolves when the answer was heard. */
  async pong(): Promise<boolean> {
    const ping = this.#pings.shift();
    if (ping === undefined) return false;
    while (this.#confirmedCount < ping.sentBefore) {
      this.confirmed += (this.unconfirmed.shift() as Buffer).toString('latin1');
      this.#confirmedCount++;
    }
    ping.resolve();
    await Promise.resolve();
    await Promise.resolve();
    return true;
  }

  /** What is answered, by subject. */
  readonly served = new Map<string, { readonly queue: string | undefined; readonly handle: (reply: string) => void }>();
  /** What was published that may be lost. */
  readonly told: { readonly subject: string; readonly text: string }[] = [];
  /** Nothing more is taken of it. */
  isDeaf = false;

  serve(subject: string, queue: string | undefined, handle: (reply: string) => void): () => void {
    this.served.set(subject, { queue, handle });
    return () => void this.served.delete(subject);
  }

  tell(subject: string, text: string): boolean {
    if (this.isDeaf || text.length > this.maxPayload) return false;
    this.told.push({ subject, text });
    return true;
  }

  takeAnswers(): void {
    throw new Error('nobody subscribes here');
  }

  request(): Promise<string> {
    return Promise.reject(new Error('nobody asks here'));
  }

  close(): void {
    this.isClosed = true;
    for (const { reject } of this.#pings) reject(new Error('closed'));
    this.#pings = [];
  }
}
