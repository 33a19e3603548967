/**
 * A stream in memory that takes what a session publishes and keeps each message once, by its identity, and the way to it: which confirms, breaks and
 * forgets as a test says.
 */
import { ByteWriter } from '../../src/core/byte-writer.ts';
import type { Formatter, LogEntry, Tally, Transport, TransportListener, Written } from '../../src/core/types.ts';
import { HpubFramer } from '../../src/nats/hpub-framer.ts';

/** As schema/message.schema.json has it. */
export interface StoredGap {
  readonly lines?: number;
  readonly bytes?: number;
  readonly from?: string;
  readonly to: string;
  readonly reason: string;
}

export interface Message {
  /** Nats-Msg-Id. */
  readonly id: string;
  /** Nats-Log-Session and Nats-Log-Sequence. */
  readonly session: string;
  readonly number: number;
  readonly body: { readonly text: string; readonly source: string; readonly gap?: StoredGap; readonly truncated?: number; readonly partial_id?: string };
}

export class ModelStream {
  /** In the order in which they came first. */
  readonly messages: Message[] = [];
  /** What came again. */
  readonly repeated: Message[] = [];
  readonly #known = new Set<string>();

  receive(message: Message): void {
    if (this.#known.has(message.id)) return void this.repeated.push(message);
    this.#known.add(message.id);
    this.messages.push(message);
  }
}

interface Commit {
  readonly watermark: number;
  readonly tally: Tally;
  readonly messages: readonly Message[];
}

export class ModelTransport implements Transport {
  isReady = true;
  isAway = false;
  hasGivenUp = false;
  /** What was under way was lost once, and may not have been read again yet. */
  hasLost = false;
  readonly #stream: ModelStream;
  readonly #listener: TransportListener;
  /** Largest payload, in bytes. */
  readonly #limit: number;
  readonly #framer: HpubFramer;
  readonly #out = new ByteWriter(Buffer.alloc(64 * 1024));
  readonly #confirmed = new Set<string>();
  #written: Message[] = [];
  #commits: Commit[] = [];
  #isWaiting = false;

  constructor(stream: ModelStream, listener: TransportListener, epoch: number, limit: number) {
    this.#stream = stream;
    this.#listener = listener;
    this.#limit = limit;
    this.#framer = new HpubFramer('logs', 'inbox', `web-${epoch}`);
  }

  /** Lines that were handed over and not confirmed, in whatever form. */
  get linesUnderWay(): number {
    return this.#commits.reduce((sum, { tally: { lines, tooLarge, refused } }) => sum + lines + tooLarge + refused, 0);
  }

  wait(): void {
    this.#isWaiting = true;
  }

  write(entry: LogEntry, formatter: Formatter, sequence: number): Written {
    const out = this.#out;
    const start = out.length;
    this.#framer.open(out, 1, entry, sequence);
    const before = out.length;
    const formatted = formatter.format(entry, out, this.#limit);
    if (formatted === 'too-large') {
      out.rewind(start);
      return formatted;
    }
    this.#framer.close(out, out.length - before);
    const text = out.take().toString('utf8');
    const [id, session, number] = ['Msg-Id', 'Log-Session', 'Log-Sequence'].map((name) => new RegExp(`Nats-${name}: (\\S+)`, 'u').exec(text)?.[1] ?? '') as [string, string, string];
    if (this.#confirmed.has(id)) throw new Error(`${id} is confirmed, and written again`);
    this.#written.push({ id, session, number: Number(number), body: JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as Message['body'] });
    return formatted;
  }

  writeDeadLetter(): Written {
    return 'too-large';
  }

  commit(watermark: number, tally: Tally): void {
    this.#commits.push({ watermark, tally, messages: this.#written });
    this.#written = [];
  }

  close(): void {
    this.#commits = [];
  }

  /** The stream has what the `count` oldest commits hold. */
  confirm(count: number): void {
    for (let i = 0; i < count; i++) {
      const commit = this.#commits.shift();
      if (commit === undefined) return;
      for (const message of commit.messages) {
        this.#stream.receive(message);
        this.#confirmed.add(message.id);
      }
      this.#listener.confirmed(commit.watermark, commit.tally, false);
    }
  }

  /** The server does not permit what is under way. */
  refuse(): void {
    for (const { watermark, tally } of this.#commits.splice(0)) this.#listener.confirmed(watermark, tally, true);
  }

  /** Some of what is under way has arrived, and nobody here hears of it. */
  arrive(count: number): void {
    for (const message of this.#commits.flatMap(({ messages }) => messages).slice(0, count)) this.#stream.receive(message);
  }

  open(): void {
    this.isReady = true;
    this.isAway = false;
    this.hasGivenUp = false;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#listener.ready();
  }

  /** The window is full. */
  block(): void {
    this.isReady = false;
  }

  lose(): void {
    this.#forget();
    this.#listener.lost();
  }

  giveUp(): void {
    this.hasGivenUp = true;
    this.#forget();
    this.#listener.gaveUp();
  }

  #forget(): void {
    this.hasLost = true;
    this.isReady = false;
    this.isAway = true;
    this.#commits = [];
    this.#written = [];
  }
}
