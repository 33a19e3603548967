/** The driver as a process between a stand-in for the engine and real servers, for the goals of this folder. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, StreamConfig } from 'nats';
import manifest from '../../plugin/config.json' with { type: 'json' };
import { bundle } from '../../plugin/rootfs.ts';
import type { Body } from '../support/e2e-collector.ts';
import { FakeEngine, type FakeLogger } from '../support/fake-engine.ts';
import { startNatsProcess, type NatsProcessServer } from '../support/nats-process.ts';
import type { NatsOptions } from '../support/nats-server.ts';
import { PluginProcess } from '../support/plugin-process.ts';
import { Stream } from '../support/stream.ts';
import { Subscriber } from '../support/subscriber.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/wait.ts';
import { atEnd } from './clean-up.ts';
import { Feed } from './feed.ts';
import { Ledger, type Gap } from './ledger.ts';
import { nameOf } from './line.ts';

/** For the journals of all sessions to be delivered, on a busy machine. */
const END_MS = 300_000;

let program: Promise<readonly string[]> | undefined;

/** The program as it is installed: one bundled file, with the options of the managed plugin. */
function installed(): Promise<readonly string[]> {
  program ??= (async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nld-chaos-'));
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'driver.cjs');
    await bundle(file);
    return [...manifest.entrypoint.slice(1, -2), file];
  })();
  return program;
}

/** Of servers' configurations: they have JetStream. */
export const STORE = 'jetstream { store_dir: "jetstream" }\n';

export async function startServer(options: NatsOptions = {}): Promise<NatsProcessServer> {
  const server = await startNatsProcess({ ...options, config: (options.config ?? '') + STORE });
  atEnd(() => server.stop());
  return server;
}

/** In front of `port`; refuses connections until `accept`. */
export async function startProxy(port: number): Promise<TcpProxy> {
  const proxy = await TcpProxy.before(port);
  atEnd(() => proxy.refuse());
  return proxy;
}

export async function makeStream(url: string | string[], config: Partial<StreamConfig> = {}): Promise<Stream> {
  const stream = await Stream.make(url, config);
  atEnd(() => stream.close());
  return stream;
}

export interface BedOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly lineBytes?: number;
  /** The folder where the driver's own is made. */
  readonly within?: string;
}

/** A container; the feeder knows it by its index. */
export interface Container {
  readonly index: number;
  readonly logger: FakeLogger;
}

export class Bed {
  readonly plugin: PluginProcess;
  readonly engine: FakeEngine;
  readonly feed: Feed;
  readonly ledger: Ledger;
  readonly containers: Container[] = [];

  private constructor(plugin: PluginProcess, lineBytes: number) {
    this.plugin = plugin;
    this.engine = new FakeEngine(plugin.socket);
    this.feed = new Feed(lineBytes);
    this.ledger = new Ledger(lineBytes);
  }

  static async start(servers: string, { env = {}, lineBytes = 150, within }: BedOptions = {}): Promise<Bed> {
    // Each session's account is a line of level debug.
    const settings = { NATS_SERVERS: servers, NATS_SUBJECT: 'logs.{{.Name}}', LOG_LEVEL: 'debug', ...env };
    const plugin = await PluginProcess.start(settings, await installed(), within);
    const bed = new Bed(plugin, lineBytes);
    atEnd(() => plugin.remove());
    atEnd(() => bed.engine.close());
    atEnd(() => bed.feed.end());
    return bed;
  }

  /** Holds what the server passes on against what was written. */
  async subscribe(url: string, options: ConnectionOptions = {}, subject = 'logs.>'): Promise<Subscriber> {
    const subscriber = await Subscriber.connect({ servers: url, ...options }, (body) => this.#receive(body), subject);
    atEnd(async () => {
      await subscriber.close();
      if (subscriber.faults.length > 0) throw new Error(`against the schema: ${subscriber.faults[0]}`);
    });
    return subscriber;
  }

  /** Starts that many more. */
  async start(count: number, logOpts: Readonly<Record<string, string>> = {}): Promise<Container[]> {
    const started = this.prepare(count);
    await this.feed.open(started.map(({ logger }) => logger.file));
    await Promise.all(started.map((container) => this.attach(container, logOpts)));
    return started;
  }

  /** FIFOs without a session. */
  prepare(count: number): Container[] {
    const prepared = this.engine.createFifos(count).map((logger, i) => ({ index: this.containers.length + i, logger }));
    this.containers.push(...prepared);
    return prepared;
  }

  /** StartLogging. */
  async attach({ index, logger }: Container, logOpts: Readonly<Record<string, string>> = {}): Promise<void> {
    const name = nameOf(index);
    await this.engine.attach(logger, logOpts, { ContainerName: `/${name}`, ContainerID: Buffer.from(name).toString('hex').padEnd(64, '0') });
  }

  /** StopLogging; resolves when it is answered. */
  async stop({ index, logger }: Container): Promise<void> {
    await logger.stopLogging();
    await this.feed.close(index);
  }

  /** Ends all sessions; resolves when the driver has forgotten every one: NATS has all of their lines, or they were given up. */
  async end(): Promise<void> {
    const containers = this.containers.splice(0);
    const ended = (): number => this.plugin.log('session ended').length;
    const expected = ended() + containers.length;
    await Promise.all(containers.map((container) => this.stop(container)));
    const left = (): number => readdirSync(join(this.plugin.state, 'sessions')).length;
    await until('every session is over', () => left() === 0, END_MS);
    // Those that were stopped by a goal itself are not among them.
    await until('the driver has said so', () => ended() >= expected);
  }

  /** Lines over all containers together, for as long as `during` takes. */
  async pace(linesPerSecond: number, during: () => Promise<unknown>): Promise<void> {
    await this.feed.pace(0, this.containers.length, linesPerSecond);
    await during();
    await this.feed.halt();
  }

  /** Reads a stream back into the ledger. */
  async readBack(stream: Stream): Promise<void> {
    for await (const message of stream.messages()) this.#receive(message.json<Body>());
  }

  #receive({ container_name: name, text, source, gap }: Body & { readonly gap?: Gap }): void {
    if (source !== 'driver') this.ledger.receive(name, text);
    else if (gap !== undefined) this.ledger.tell(name, gap);
  }
}
