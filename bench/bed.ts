/** What a run needs: a fresh nats-server, a fresh driver that listens, and a receiver that checks all that arrives. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FakeEngine } from '../test/support/fake-engine.ts';
import type { EngineInfo } from '../test/support/info.ts';
import { untilReady } from '../test/support/nats-server.ts';
import { isAnswered } from '../test/support/plugin-process.ts';
import { freePort } from '../test/support/wait.ts';
import type { Figures } from './figures.ts';
import { expectedMessage } from './line.ts';
import { built, type Program } from './systems.ts';
import { cpuMicros, machineMicros, peakMiB } from './usage.ts';
import type { Child, Workshop } from './workshop.ts';

export interface Bed {
  readonly workshop: Workshop;
  /** Of nats-server. */
  readonly port: number;
  readonly server: Child;
  readonly plugin: Child;
  readonly engine: FakeEngine;
  /** From the start of the driver until it accepted a connection. */
  readonly startMs: number;
  readonly signal: AbortSignal;
}

export interface BedOptions {
  readonly transport?: 'jetstream';
  /** Where the driver listens. */
  readonly socketPath?: string;
}

/** A subscriber may be slower for a while than what is published: it is not to be cut off. */
const SERVER_CONFIG = 'max_pending: 512MB\nwrite_deadline: "30s"\n';
const RUN_MS = 120_000;
const START_MS = 10_000;
/** Of `struct shared` in tools/tool.h. */
const SHARED_BYTES = 16;

export async function withBed<T>(workshop: Workshop, program: Program, options: BedOptions, run: (bed: Bed) => Promise<T>): Promise<T> {
  const { transport, socketPath = workshop.path('plugin.sock') } = options;
  const port = await freePort();
  const config = workshop.path('nats.conf');
  writeFileSync(config, SERVER_CONFIG + (transport === undefined ? '' : `jetstream { store_dir: "${workshop.path('store')}" }\n`));
  const server = workshop.spawn('nats-server', ['--addr', '127.0.0.1', '--port', String(port), '-c', config]);
  await untilReady(port);
  const [command = '', ...args] = program.command(socketPath, workshop.path('state'));
  const begin = performance.now();
  const plugin = workshop.spawn(command, args, {
    ...program.env, NATS_SERVERS: `nats://127.0.0.1:${port}`, ...transport === undefined ? {} : { NATS_TRANSPORT: transport },
  });
  const engine = new FakeEngine(socketPath, workshop.folder('engine'));
  // Whichever fails first says why.
  const ended = plugin.ended.then(() => Promise.reject(new Error('the driver has ended')));
  ended.catch(() => undefined);
  try {
    await untilListening(socketPath);
    const startMs = performance.now() - begin;
    await engine.call('Plugin.Activate');
    return await Promise.race([ended, run({ workshop, port, server, plugin, engine, startMs, signal: AbortSignal.timeout(RUN_MS) })]);
  } catch (error) {
    throw new Error(`${program.name}: ${error instanceof Error ? error.message : String(error)}\n${plugin.logTail()}`, { cause: error });
  } finally {
    engine.close();
    await plugin.end();
    await server.end();
  }
}

/** Looks every millisecond: that is a figure. */
async function untilListening(socketPath: string): Promise<void> {
  for (const begin = performance.now(); !await isAnswered(socketPath);) {
    if (performance.now() - begin > START_MS) throw new Error('it does not listen');
    await sleep(1);
  }
}

export interface Receiver {
  readonly child: Child;
  /** What it shares with the feeder. */
  readonly shared: string;
}

/** Subscribed. `infos`: of the containers, each of which is to bring that many lines. */
export async function startReceiver(
  { workshop, port, signal }: Pick<Bed, 'workshop' | 'port' | 'signal'>, infos: readonly EngineInfo[], linesEach: number, lineBytes: number, wantsLatencies = false,
): Promise<Receiver> {
  const shared = workshop.path('shared');
  writeFileSync(shared, Buffer.alloc(SHARED_BYTES));
  const expected = workshop.path('expected');
  writeFileSync(expected, infos.map((info) => `${expectedMessage(info, lineBytes)}\n`).join(''));
  const child = workshop.spawn(built('receiver'), [port, shared, expected, linesEach, Number(wantsLatencies)].map(String));
  await child.report('subscribed', signal);
  return { child, shared };
}

/** Begins to look at what the processes use; call the result for what they have used since. `more`: that belong to the bench, too. */
export function watch({ plugin, server }: Pick<Bed, 'plugin' | 'server'>, lines: number, more: readonly number[]): () => Figures {
  const own = [plugin.pid, server.pid, ...more];
  const read = () => ({
    plugin: cpuMicros(plugin.pid), server: cpuMicros(server.pid), at: performance.now(),
    other: own.reduce((rest, pid) => rest - cpuMicros(pid), machineMicros()),
  });
  const before = read();
  return () => {
    const after = read();
    return {
      pluginMicros: (after.plugin - before.plugin) / lines,
      serverMicros: (after.server - before.server) / lines,
      peakMiB: peakMiB(plugin.pid),
      otherLoad: (after.other - before.other) / ((after.at - before.at) * 1000),
    };
  };
}
