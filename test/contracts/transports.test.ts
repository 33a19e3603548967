/** What every transport must keep, against a real server. */
import test, { type ExecutionContext } from 'ava';
import { connect, StorageType } from 'nats';
import { Log } from '../../src/core/log.ts';
import type { Target } from '../../src/core/target.ts';
import type { Formatter, Tally, Transport, TransportListener } from '../../src/core/types.ts';
import { Connections } from '../../src/nats/connections.ts';
import { transports, type OpenTransport } from '../../src/transports/registry.ts';
import { fileReaders } from '../../src/options/file-readers.ts';
import { entryOf } from '../stages/collector.ts';
import { startNatsProcess } from '../support/nats-process.ts';
import type { NatsOptions } from '../support/nats-server.ts';
import { TARGET } from '../support/target.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/wait.ts';
import { tallyOf } from '../support/tally.ts';

const WINDOW = 256 * 1024;
const SUBJECT = 'contract.web';

/** One user may not publish to one subject; the subscriber logs in as nobody. */
const REFUSING = `
  authorization { users: [
    { user: w, password: p, permissions: { publish: { deny: ["contract.secret"] } } }
    { user: r, password: r }
  ] }
  no_auth_user: r
`;

/** Writes the line as it is. */
const PLAIN: Formatter = {
  formatGap: () => 'too-large',
  format({ bytes, start, end }, out, limit) {
    if (end - start > limit) return 'too-large';
    out.append(bytes.subarray(start, end));
    return 'whole';
  },
};

const PLAN = {
  facts: { id: '', name: 'web', imageId: '', imageName: '', hostname: '', tag: '', attributes: new Map<string, string>() },
  format: 'json', transport: 'core', oversize: 'split', name: 'main',
} as const;

/** A session in small: publishes numbered lines, one commit each; the watermark is the number of lines confirmed. */
class Publisher implements TransportListener {
  readonly transport: Transport;
  watermark = 0;
  booked = 0;
  refused = 0;
  losses = 0;
  gaveUps = 0;
  mostUnconfirmedBytes = 0;
  #cursor = 0;
  #total = 0;
  readonly #size: number;

  constructor(open: (listener: TransportListener) => Transport, size = 20) {
    this.#size = size;
    this.transport = open(this);
  }

  publish(lines: number): void {
    this.#total += lines;
    this.ready();
  }

  get isDone(): boolean {
    return this.watermark === this.#total;
  }

  ready(): void {
    while (this.transport.isReady && this.#cursor < this.#total) {
      const entry = { ...entryOf(`${this.#cursor}`.padEnd(this.#size)), offset: this.#cursor };
      this.transport.write(entry, PLAIN, ++this.#cursor);
      this.transport.commit(this.#cursor, tallyOf({ messages: 1, lines: 1 }));
      this.mostUnconfirmedBytes = Math.max(this.mostUnconfirmedBytes, (this.#cursor - this.watermark) * this.#size);
    }
    if (this.#cursor < this.#total) this.transport.wait();
  }

  confirmed(watermark: number, tally: Tally, refused: boolean): void {
    this.watermark = watermark;
    if (refused) this.refused += tally.lines;
    else this.booked += tally.lines;
  }

  lost(): void {
    this.losses++;
    this.#cursor = this.watermark;
    this.ready();
  }

  gaveUp(): void {
    this.gaveUps++;
  }
}

interface Bench {
  /** Between the transport and the server; refuses connections until `accept`. */
  readonly link: TcpProxy;
  /** The lines that arrived, by subject, as numbers. */
  readonly arrived: Map<string, number[]>;
  readonly open: (subject?: string, size?: number, target?: Partial<Target>) => Publisher;
}

/** A transport, and whether its messages take the short way through the client; undefined: as they do. */
interface Kind {
  readonly open: OpenTransport;
  readonly isKnown?: () => boolean;
}

const KINDS: readonly (readonly [name: string, transport: string, kind: Kind])[] = Object.entries(transports).flatMap(([name, open]) =>
  [[name, name, { open }] as const, [`${name}, by the public way of the client`, name, { open, isKnown: () => false }] as const]);

/** What JetStream needs beside what a test asks for. */
const JETSTREAM = 'jetstream { store_dir: "jetstream" }\n';

function withServer({ open, isKnown }: Kind, options: NatsOptions, run: (t: ExecutionContext, bench: Bench) => Promise<void>) {
  return async (t: ExecutionContext): Promise<void> => {
    const server = await startNatsProcess({ ...options, config: JETSTREAM + (options.config ?? '') });
    const link = await TcpProxy.before(server.port);
    const connections = new Connections({ name: 'contract', ...fileReaders(() => []), ...(isKnown === undefined ? {} : { isKnown }) }, WINDOW, new Log({ write: () => true }));
    const servers = [{ host: '127.0.0.1', port: link.port, tls: false }];
    const arrived = new Map<string, number[]>();
    const subscriber = await connect({ servers: server.url });
    subscriber.subscribe('contract.>', {
      callback: (_, { subject, data }) => {
        arrived.set(subject, [...arrived.get(subject) ?? [], Number.parseInt(Buffer.from(data).toString(), 10)]);
      },
    });
    await (await subscriber.jetstreamManager()).streams.add({ name: 'CONTRACT', subjects: ['contract.>'], storage: StorageType.Memory });
    try {
      await run(t, {
        link, arrived,
        open: (subject = SUBJECT, size = 20, target = {}) =>
          new Publisher((listener) => open(
            connections, { ...PLAN, subject, target: { ...TARGET, servers, ...target } }, { name: subject, epoch: 1 }, listener,
          ), size),
      });
    } finally {
      connections.closeAll();
      await subscriber.close();
      await link.refuse();
      await server.stop();
    }
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

for (const [name, transport, kind] of KINDS) {
  test(`${name}: lines arrive in their order and are confirmed`, withServer(kind, {}, async (t, { link, arrived, open: publisher }) => {
    await link.accept();
    const one = publisher('contract.one');
    const two = publisher('contract.two');
    for (let i = 0; i < 20; i++) {
      one.publish(100);
      two.publish(50);
      if (i % 5 === 0) await until('all is confirmed', () => one.isDone && two.isDone);
    }
    await until('all is confirmed', () => one.isDone && two.isDone);
    await until('all has arrived', () => arrived.get('contract.one')?.length === 2000 && arrived.get('contract.two')?.length === 1000);
    t.deepEqual(arrived.get('contract.one'), range(2000));
    t.deepEqual(arrived.get('contract.two'), range(1000));
    t.deepEqual([one.booked, two.booked], [2000, 1000]);
  }));

  test(`${name}: what is published while NATS is away is delivered when it is there`,
    withServer(kind, {}, async (t, { link, arrived, open: publisher }) => {
    const writer = publisher();
    t.false(writer.transport.isReady);
    writer.publish(500);
    t.is(writer.mostUnconfirmedBytes, 0, 'nothing is written that has nowhere to go');
    await link.accept();
    await until('all is confirmed', () => writer.isDone);
    await until('all has arrived', () => arrived.get(SUBJECT)?.length === 500);
    t.deepEqual(arrived.get(SUBJECT), range(500));
  }));

  test(`${name}: a connection that breaks again and again loses nothing and books nothing twice`,
    withServer(kind, {}, async (t, { link, arrived, open: publisher }) => {
    await link.accept();
    const writer = publisher(SUBJECT, 1000);
    for (let round = 1; round <= 5; round++) {
      writer.publish(1000);
      await until('some of it is confirmed', () => writer.booked > (round - 1) * 1000);
      link.cut();
    }
    await until('all is confirmed', () => writer.isDone);
    await until('the last line has arrived', () => arrived.get(SUBJECT)?.at(-1) === 4999);
    t.is(writer.booked, 5000);
    const firsts = [...new Set(arrived.get(SUBJECT))];
    t.deepEqual(firsts, range(5000), 'each line came, and none before the ones in front of it');
  }));

  test(`${name}: the window is kept while nothing is confirmed`, withServer(kind, {}, async (t, { link, open: publisher }) => {
    await link.accept();
    const writer = publisher(SUBJECT, 1000);
    writer.publish(1);
    await until('the first line', () => writer.isDone);
    link.silence('to client');
    writer.publish(5000);
    await until('the window is full', () => !writer.transport.isReady);
    t.true(writer.mostUnconfirmedBytes <= WINDOW + 1000, `${writer.mostUnconfirmedBytes} bytes`);
    t.true(writer.mostUnconfirmedBytes > WINDOW / 2);
    link.restore();
    link.cut();
    await until('all is confirmed', () => writer.isDone, 30_000);
    t.is(writer.booked, 5001);
  }));

  test(`${name}: closing twice is safe, and nothing is called back afterwards`,
    withServer(kind, {}, async (t, { link, open: publisher }) => {
    await link.accept();
    const closed = publisher();
    const other = publisher('contract.other');
    other.publish(1);
    await until('the link', () => other.isDone);
    closed.publish(10);
    closed.transport.close();
    closed.transport.close();
    other.publish(1);
    await until('what came behind it is confirmed', () => other.isDone);
    link.cut();
    other.publish(1);
    await until('the link is back', () => other.isDone);
    t.deepEqual([closed.booked, closed.losses], [0, 0]);
  }));

  test(`${name}: a line over the server's limit is left out, and the lines around it arrive`,
    withServer(kind, { config: 'max_payload: 1000' }, async (t, { link, arrived, open: publisher }) => {
    await link.accept();
    const writer = publisher(SUBJECT, 20);
    writer.publish(1);
    await until('the link', () => writer.isDone);
    t.is(writer.transport.write(entryOf('x'.repeat(1001)), PLAIN, 2), 'too-large');
    // The headers count.
    t.is(writer.transport.write({ ...entryOf('7'.padEnd(transport === 'core' ? 1000 : 700)), offset: 1000 }, PLAIN, 2), 'whole');
    writer.publish(1);
    await until('all is confirmed', () => writer.isDone);
    await until('all has arrived', () => arrived.get(SUBJECT)?.length === 3);
    t.deepEqual(arrived.get(SUBJECT), [0, 7, 1]);
    t.is(writer.losses, 0);
  }));

  test(`${name}: lines for a subject that is not permitted are booked as refused, all of them`, withServer(kind, {
    config: REFUSING,
  }, async (t, { link, arrived, open: publisher }) => {
    await link.accept();
    const login = { login: { user: 'w', pass: { text: 'p' } } };
    const secret = publisher('contract.secret', 100, login);
    const allowed = publisher('contract.allowed', 100, login);
    for (let i = 0; i < 30; i++) {
      secret.publish(200);
      allowed.publish(20);
      await until('some progress', () => secret.watermark > i * 100);
    }
    await until('all is answered', () => secret.isDone && allowed.isDone);
    t.is(arrived.get('contract.secret'), undefined);
    t.deepEqual([secret.booked, secret.refused], [0, 6000]);
    t.deepEqual([allowed.booked, allowed.refused], [600, 0]);
  }));

  test(`${name}: who gave up says so, and dials again for the next session`, withServer(kind, {}, async (t, { link, open: publisher }) => {
    const target = { maxReconnect: 1 };
    const first = publisher(SUBJECT, 20, target);
    await until('it gives up', () => first.gaveUps === 1);
    t.true(first.transport.hasGivenUp);
    t.false(first.transport.isReady);
    await link.accept();
    const second = publisher(SUBJECT, 20, target);
    second.publish(3);
    first.publish(2);
    await until('both deliver', () => first.isDone && second.isDone);
    t.false(first.transport.hasGivenUp);
  }));
}
