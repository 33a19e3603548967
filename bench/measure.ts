/** One run: a fresh nats-server, a fresh driver, a warm-up, then the load, with what each process used. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FakeEngine } from '../test/support/fake-engine.ts';
import { untilReady } from '../test/support/nats-server.ts';
import { isAnswered } from '../test/support/plugin-process.ts';
import { freePort } from '../test/support/wait.ts';
import type { Figures } from './figures.ts';
import { blankLine, expectedMessage, infoOf } from './line.ts';
import { totalLines, WARM_UP, type Load, type Scenario } from './load.ts';
import { GO, type FeederDone } from './messages.ts';
import { built, type Program } from './systems.ts';
import { cpuMicros, machineMicros, peakMiB } from './usage.ts';
import type { Child, Workshop } from './workshop.ts';

interface Bed {
  readonly workshop: Workshop;
  readonly port: number;
  readonly server: Child;
  readonly plugin: Child;
  readonly engine: FakeEngine;
  readonly signal: AbortSignal;
}

/** A subscriber may be slower for a while than what is published: it is not to be cut off. */
const SERVER_CONFIG = 'max_pending: 512MB\nwrite_deadline: "30s"\n';
const RUN_MS = 120_000;
const START_MS = 10_000;
/** Of `struct shared` in tools/tool.h. */
const SHARED_BYTES = 16;

/** Rejects when a line is missing, doubled or out of order. */
export async function measure(workshop: Workshop, { name, env, command }: Program, { load }: Scenario): Promise<Figures> {
  const signal = AbortSignal.timeout(RUN_MS);
  const port = await freePort();
  const config = workshop.path('nats.conf');
  writeFileSync(config, SERVER_CONFIG);
  const server = workshop.spawn('nats-server', ['--addr', '127.0.0.1', '--port', String(port), '-c', config]);
  const socketPath = workshop.path('plugin.sock');
  await untilReady(port);
  const [program = '', ...args] = command(socketPath, workshop.path('state'));
  const begin = performance.now();
  const plugin = workshop.spawn(program, args, { ...env, NATS_SERVERS: `nats://127.0.0.1:${port}` });
  const engine = new FakeEngine(socketPath, workshop.path('engine'));
  try {
    await untilListening(socketPath);
    const startMs = performance.now() - begin;
    await engine.call('Plugin.Activate');
    const bed: Bed = { workshop, port, server, plugin, engine, signal };
    await feed(bed, WARM_UP);
    return { startMs, ...await feed(bed, load) };
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}\n${plugin.logTail()}`, { cause: error });
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

async function feed(bed: Bed, load: Load): Promise<Figures> {
  const { workshop, engine, plugin, server, signal } = bed;
  const infos = Array.from({ length: load.containers }, (_, i) => infoOf(i));
  // No two FIFOs of an engine have the same path, ever.
  const fifos = workshop.path('fifos');
  mkdirSync(fifos);
  const files = infos.map((_, i) => join(fifos, `fifo-${i}`));
  const shared = workshop.path('shared');
  writeFileSync(shared, Buffer.alloc(SHARED_BYTES));
  const expected = workshop.path('expected');
  writeFileSync(expected, infos.map((info) => `${expectedMessage(info, load.lineBytes)}\n`).join(''));
  const receiver = workshop.spawn(built('receiver'), [bed.port, shared, expected, load.linesEach, load.linesPerSecond].map(String));
  const feeder = workshop.spawn(built('feeder'), [
    ...[fifos, shared, load.containers, load.linesEach, load.linesPerSecond, load.framesPerWrite ?? 1].map(String),
    blankLine(load.lineBytes),
  ]);
  try {
    const own = [plugin, server, receiver, feeder].map(({ pid }) => pid);
    const otherMicros = (): number => own.reduce((rest, pid) => rest - cpuMicros(pid), machineMicros());
    await receiver.report('subscribed', signal);
    await feeder.report('ready', signal);
    await Promise.all(files.map((File, i) => engine.call('LogDriver.StartLogging', { File, Info: infos[i] })));
    const before = { plugin: cpuMicros(plugin.pid), server: cpuMicros(server.pid), other: otherMicros(), at: performance.now() };
    feeder.send(GO);
    // Whichever fails first says why.
    const ended = plugin.ended.then(() => Promise.reject(new Error('the driver has ended')));
    const delivered = Promise.all([feedAndStop(bed, feeder, files), receiver.report('received', signal)]);
    const [fed, received] = await Promise.race([delivered, ended]);
    const lines = totalLines(load);
    const isPaced = load.linesPerSecond > 0;
    return {
      ...isPaced ? { p50Ms: received.p50Ms, p99Ms: received.p99Ms, feederLateMs: fed.latestMs }
        : { linesPerSecond: lines * 1e6 / (received.lastMicros - received.firstMicros) },
      pluginMicros: (cpuMicros(plugin.pid) - before.plugin) / lines,
      serverMicros: (cpuMicros(server.pid) - before.server) / lines,
      peakMiB: peakMiB(plugin.pid),
      messageBytes: received.messageBytes,
      otherLoad: (otherMicros() - before.other) / ((performance.now() - before.at) * 1000),
    };
  } finally {
    receiver.kill();
    feeder.kill();
    await Promise.all([receiver.ended, feeder.ended]);
    rmSync(fifos, { recursive: true });
  }
}

async function feedAndStop({ engine, signal }: Bed, feeder: Child, files: readonly string[]): Promise<FeederDone> {
  const fed = await feeder.report('fed', signal);
  await Promise.all(files.map((File) => engine.call('LogDriver.StopLogging', { File })));
  return fed;
}
