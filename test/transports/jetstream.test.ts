import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Log } from '../../src/core/log.ts';
import type { OutputPlan } from '../../src/core/plan.ts';
import type { Formatter, LogEntry, TransportListener } from '../../src/core/types.ts';
import { Acks } from '../../src/nats/acks.ts';
import type { Receive } from '../../src/nats/answer-parser.ts';
import type { Connections } from '../../src/nats/connections.ts';
import { Outbox } from '../../src/nats/outbox.ts';
import { JetStreamTransport } from '../../src/transports/jetstream.ts';
import { FakeLink } from '../nats/fake-link.ts';
import { tallyOf } from '../support/tally.ts';
import { withTimers } from '../support/timers.ts';

const WINDOW = 256 * 1024;
const STORED = '{"stream":"LOGS","seq":1}';
const FULL = '{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"}}';

/** A server that answers when the test says so. */
class Server extends FakeLink {
  #receive: Receive = () => undefined;

  override takeAnswers(_inbox?: string, receive?: Receive): void {
    if (receive !== undefined) this.#receive = receive;
  }

  answer(number: number, text: string): void {
    const bytes = Buffer.from(text);
    this.#receive(number, bytes, 0, bytes.length, 0);
  }

  /** Lines that were sent, as their texts. */
  get sent(): readonly string[] {
    return [...Buffer.concat(this.unconfirmed).toString('latin1').matchAll(/line \d+/gu)].map(([text]) => text);
  }
}

const formatter: Formatter = {
  format: ({ bytes, start, end }, out) => {
    out.append(bytes.subarray(start, end));
    return 'whole';
  },
  formatGap: () => 'too-large',
};

/** A session in small: lines of one byte of the journal each, from the watermark on. */
class Lines implements TransportListener {
  total = 0;
  cursor = 0;
  watermark = 0;
  transport: JetStreamTransport | undefined;

  ready(): void {
    const transport = this.transport as JetStreamTransport;
    for (; transport.isReady && this.cursor < this.total; this.cursor++) {
      const bytes = Buffer.from(`line ${this.cursor}`);
      const entry: LogEntry = { source: 'stdout', seconds: 0, nanos: 0, bytes, start: 0, end: bytes.length, offset: this.cursor, partial: undefined };
      transport.write(entry, formatter, this.cursor + 1);
      transport.commit(this.cursor + 1, tallyOf({ messages: 1, lines: 1 }));
    }
    if (!transport.isReady) transport.wait();
  }

  confirmed(watermark: number): void {
    this.watermark = watermark;
  }

  lost(): void {
    this.cursor = this.watermark;
    this.ready();
  }

  gaveUp(): void {
    this.lost();
  }
}

test.serial('after a failure the lines behind the first one follow as soon as the link takes them, whatever it did when that one was stored', withTimers(async (t) => {
  const link = new Server();
  const outbox = new Outbox(WINDOW);
  const acks = new Acks('_INBOX.test', WINDOW);
  const streams = { ask: () => false, forget: () => undefined };
  const connection = { outbox, acks, streams, isAway: false, state: 'connected', maxPayload: 1024 * 1024 };
  const connections = { log: new Log({ write: () => true }), acquire: () => connection, release: () => undefined };
  acks.open(link);
  outbox.open(link);
  const lines = new Lines();
  const plan = { subject: 'logs', target: {} } as unknown as OutputPlan;
  lines.transport = new JetStreamTransport(connections as unknown as Connections, plan, { name: 'web', epoch: 1 }, lines);
  t.teardown(() => {
    lines.transport?.close();
    acks.close();
  });

  lines.total = 3;
  lines.ready();
  await turn();
  t.deepEqual(link.sent, ['line 0', 'line 1', 'line 2']);
  link.answer(1, FULL);
  mock.timers.tick(500);
  await turn();
  t.deepEqual(link.sent.slice(3), ['line 0'], 'one alone');
  link.isFull = true;
  link.answer(4, STORED);
  t.is(lines.watermark, 1);
  link.isFull = false;
  outbox.drained();
  await turn();
  t.deepEqual(link.sent.slice(4), ['line 1', 'line 2']);
}));
