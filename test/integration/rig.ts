/**
 * The driver as a process, a stand-in for the engine in front of it, a real nats-server behind it, and an oracle that sees what comes out
 * at the other side.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import type { ConnectionOptions } from 'nats';
import type { DriverStatus } from '../../src/core/status.ts';
import { keepBooks } from '../support/books.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import type { FakeLogger } from '../support/fake-engine.ts';
import { get } from '../support/http.ts';
import { encodeFrame, entriesOf } from '../support/log-entry.ts';
import { startNatsContainer } from '../support/nats-container.ts';
import { startNatsProcess, type NatsProcessServer } from '../support/nats-process.ts';
import type { NatsOptions, NatsServer } from '../support/nats-server.ts';
import { Oracle } from '../support/oracle.ts';
import type { Verdict } from '../support/oracle.ts';
import { PluginProcess } from '../support/plugin-process.ts';
import { Subscriber } from '../support/subscriber.ts';
import type { Receive } from '../support/subscriber.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** Part of every password and token of these tests: the driver's log must never hold it. */
export const CANARY = 'canary';

/** In characters. */
const MAX_LOG_SHOWN = 8000;

const SUBJECT = 'logs.{{.Name}}';

type Test = ExecutionContext;

/** Each test has a driver and a server: more of them only wait for each other, and for longer than their deadlines. */
const TESTS_AT_A_TIME = 3;
let running = 0;
const waiting: (() => void)[] = [];
const admitted = new WeakMap<Test, Promise<void>>();

/** Resolves when it is the test's turn; its turn ends with it. */
function turn(t: Test): Promise<void> {
  let admission = admitted.get(t);
  if (admission === undefined) {
    admission = running++ < TESTS_AT_A_TIME ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
    admitted.set(t, admission);
    t.teardown(() => {
      running--;
      waiting.shift()?.();
    });
  }
  return admission;
}

/** In a container where a Docker Engine is reachable, else as a process; ends with the test. */
export async function startNats(t: Test, options: NatsOptions = {}): Promise<NatsServer> {
  await turn(t);
  return ended(t, await (process.env['DOCKER_HOST'] === undefined ? startNatsProcess : startNatsContainer)(options));
}

/** For servers that are killed, stopped and sent signals many times. */
export async function startLocalNats(t: Test, options: NatsOptions = {}): Promise<NatsProcessServer> {
  await turn(t);
  return ended(t, await startNatsProcess(options));
}

function ended<Server extends NatsServer>(t: Test, server: Server): Server {
  t.teardown(() => server.stop());
  return server;
}

export async function startProxy(t: Test, serverPort: number): Promise<TcpProxy> {
  const proxy = await TcpProxy.before(serverPort);
  t.teardown(() => proxy.refuse());
  return proxy;
}

/** The driver's settings for these tests, over which `env` wins. */
export async function startDriver(t: Test, env: NodeJS.ProcessEnv, oracle = new Oracle()): Promise<Rig> {
  await turn(t);
  const plugin = await PluginProcess.start({ NATS_SUBJECT: SUBJECT, ...env });
  const engine = new FakeEngine(plugin.socket);
  t.teardown(async () => {
    engine.close();
    await plugin.remove();
    if (plugin.said.includes(CANARY)) throw new Error('the driver has logged a secret');
    const [bug] = plugin.bugs;
    if (bug !== undefined) throw new Error(`the driver has a bug: ${JSON.stringify(bug)}`);
  });
  keepBooks(t, plugin, engine);
  return new Rig(t, plugin, engine, oracle);
}

export class Rig {
  readonly plugin: PluginProcess;
  readonly engine: FakeEngine;
  readonly oracle: Oracle;
  readonly #test: Test;

  constructor(t: Test, plugin: PluginProcess, engine: FakeEngine, oracle: Oracle) {
    this.#test = t;
    this.plugin = plugin;
    this.engine = engine;
    this.oracle = oracle;
  }

  /** Lets the oracle, or `receive`, see what the server passes on; ends with the test, which fails on a message against the schema. */
  async subscribe(servers: string, options: ConnectionOptions = {}, receive: Receive = this.#tellOracle): Promise<Subscriber> {
    const subscriber = await Subscriber.connect({ servers, ...options }, receive);
    this.#test.teardown(async () => {
      await subscriber.close();
      if (subscriber.faults.length > 0) throw new Error(`against the schema: ${subscriber.faults.slice(0, 3).join('\n')}`);
    });
    return subscriber;
  }

  /** The oracle's verdict once every line is there, or the time is over; where a line is not, the driver's log tells why. */
  async verdict(timeoutMs?: number): Promise<Verdict> {
    const verdict = await this.oracle.settle(timeoutMs);
    if (verdict.examples.length > 0) this.#test.log(this.plugin.said.slice(-MAX_LOG_SHOWN));
    return verdict;
  }

  readonly #tellOracle: Receive = ({ container_name: name, text, source }) => {
    if (source !== 'driver') this.oracle.receive(name, text);
  };

  /** What the driver tells of itself. */
  async status(): Promise<DriverStatus> {
    return JSON.parse((await get(this.plugin.socket, '/status')).body) as DriverStatus;
  }

  /** A container that runs; its subject is `logs.<name>`. */
  async container(name: string, logOpts: Readonly<Record<string, string>> = {}): Promise<Container> {
    const id = Buffer.from(name).toString('hex').padEnd(64, '0');
    return new Container(name, await this.engine.startLogging(logOpts, { ContainerName: `/${name}`, ContainerID: id }), this.oracle);
  }
}

export class Container {
  readonly name: string;
  readonly logger: FakeLogger;
  /** Bytes of all frames so far. */
  framed = 0;
  readonly #oracle: Oracle;

  constructor(name: string, logger: FakeLogger, oracle: Oracle) {
    this.name = name;
    this.logger = logger;
    this.#oracle = oracle;
  }

  /** Resolves when the FIFO has taken that many lines. */
  async write(lines = 1): Promise<void> {
    const text = this.#oracle.write(this.name, lines).map((line) => `${line}\n`).join('');
    const frames = Buffer.concat(entriesOf('stdout', text).map(encodeFrame));
    this.framed += frames.length;
    await this.logger.write(frames);
  }

  /** Text that the oracle does not know. */
  async writeText(text: string): Promise<void> {
    const frames = Buffer.concat(entriesOf('stdout', text).map(encodeFrame));
    this.framed += frames.length;
    await this.logger.write(frames);
  }

  async stop(): Promise<void> {
    await this.logger.stopLogging();
  }
}

/** Between bursts: at the usual size of a burst, a container writes 5000 lines a second at most. */
const BURST_PAUSE_MS = 10;

/** Containers that write without a pause, whatever happens behind the driver, until `stop`. */
export class Load {
  #isStopped = false;
  readonly #burstLines: number;
  readonly #done: Promise<unknown>;

  constructor(containers: readonly Container[], burstLines = 50) {
    this.#burstLines = burstLines;
    this.#done = Promise.all(containers.map((container) => this.#run(container)));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #run(container: Container): Promise<void> {
    while (!this.#isStopped) {
      await container.write(this.#burstLines);
      await sleep(BURST_PAUSE_MS);
    }
  }
}
