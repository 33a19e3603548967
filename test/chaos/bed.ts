/** The driver as a process between a stand-in for the engine and real servers, for the goals of this folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import manifest from '../../plugin/config.json' with { type: 'json' };
import { bundle } from '../../plugin/rootfs.ts';
import { FakeEngine, type FakeLogger } from '../support/fake-engine.ts';
import { encodeFrame, entriesOf } from '../support/log-entry.ts';
import { startNatsProcess } from '../support/nats-process.ts';
import type { NatsOptions, NatsServer } from '../support/nats-server.ts';
import { Oracle } from '../support/oracle.ts';
import { PluginProcess } from '../support/plugin-process.ts';
import { Stream } from '../support/stream.ts';
import { Subscriber } from '../support/subscriber.ts';
import { until } from '../support/wait.ts';

/** Numbers from a seed: the same run again. Source: mulberry32, public domain. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

let program: Promise<readonly string[]> | undefined;

/** The program as it is installed: one bundled file, with the options of the managed plugin. */
export function installed(): Promise<readonly string[]> {
  program ??= (async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nld-chaos-'));
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'driver.cjs');
    await bundle(file);
    return [...manifest.entrypoint.slice(1, -2), file];
  })();
  return program;
}

/** One of a goal's containers. */
export interface Writer {
  readonly name: string;
  readonly logger: FakeLogger;
}

const CLEAN_UP: (() => Promise<unknown>)[] = [];

/** Ends everything that the goal has begun, the latest first. */
export async function cleanUp(): Promise<void> {
  for (const end of CLEAN_UP.splice(0).reverse()) await end().catch(() => undefined);
}

export function atEnd(end: () => Promise<unknown> | void): void {
  CLEAN_UP.push(async () => end());
}

export async function startServer(options: NatsOptions = {}): Promise<NatsServer> {
  const server = await startNatsProcess({ ...options, config: `${options.config ?? ''}jetstream { store_dir: "jetstream" }\n` });
  atEnd(() => server.stop());
  return server;
}

export class Bed {
  readonly plugin: PluginProcess;
  readonly engine: FakeEngine;
  readonly oracle: Oracle;
  /** The longest that a FIFO made a write wait, in milliseconds. */
  slowestWrite = 0;
  #isWriting = true;

  private constructor(plugin: PluginProcess, oracle: Oracle) {
    this.plugin = plugin;
    this.engine = new FakeEngine(plugin.socket);
    this.oracle = oracle;
  }

  /** `lineBytes`: size of the lines. */
  static async start(servers: string, env: NodeJS.ProcessEnv = {}, lineBytes = 100): Promise<Bed> {
    const plugin = await PluginProcess.start({ NATS_SERVERS: servers, NATS_SUBJECT: 'logs.{{.Name}}', LOG_LEVEL: 'info', ...env }, await installed());
    const bed = new Bed(plugin, new Oracle(lineBytes));
    atEnd(() => plugin.remove());
    atEnd(() => bed.engine.close());
    return bed;
  }

  async subscribe(url: string): Promise<void> {
    const subscriber = await Subscriber.connect({ servers: url }, ({ container_name: name, text, source }) => {
      if (source !== 'driver') this.oracle.receive(name, text);
    });
    atEnd(() => subscriber.close());
  }

  async container(name: string): Promise<Writer> {
    const id = Buffer.from(name).toString('hex').padEnd(64, '0');
    return { name, logger: await this.engine.startLogging({}, { ContainerName: `/${name}`, ContainerID: id }) };
  }

  containers(count: number): Promise<Writer[]> {
    return Promise.all(Array.from({ length: count }, (_, i) => this.container(`c${i}`)));
  }

  async write({ name, logger }: Writer, lines: number): Promise<void> {
    const text = this.oracle.write(name, lines).map((line) => `${line}\n`).join('');
    const before = performance.now();
    await logger.write(Buffer.concat(entriesOf('stdout', text).map(encodeFrame)));
    this.slowestWrite = Math.max(this.slowestWrite, performance.now() - before);
  }

  /** Lines at a steady rate, over all of them, until `stop` is called; it resolves when the last is written. */
  load(writers: readonly Writer[], linesPerSecond: number): () => Promise<void> {
    const tickMs = 10;
    const each = linesPerSecond * tickMs / 1000 / writers.length;
    this.#isWriting = true;
    // Before the FIFOs are closed.
    atEnd(() => {
      this.#isWriting = false;
      return done.then(() => undefined, () => undefined);
    });
    const done = Promise.all(writers.map(async (writer, index) => {
      const start = performance.now() + index % tickMs;
      for (let owed = 0, written = 0; this.#isWriting;) {
        owed = (performance.now() - start) / tickMs * each;
        const lines = Math.floor(owed - written);
        if (lines > 0) await this.write(writer, lines);
        written += Math.max(0, lines);
        await sleep(Math.max(tickMs, tickMs / each));
      }
    }));
    return async () => {
      this.#isWriting = false;
      await done;
    };
  }

  /** Reads a stream back into the oracle. */
  async readBack(stream: Stream): Promise<void> {
    await until('every line is stored', async () => await stream.count() >= this.oracle.written, 60_000).catch(() => undefined);
    for (const { body: { container_name: name, text } } of await stream.read()) this.oracle.receive(name, text);
  }
}

export async function makeStream(url: string | string[], replicas = 1): Promise<Stream> {
  const stream = await Stream.make(url, { num_replicas: replicas });
  atEnd(() => stream.close());
  return stream;
}
