/** One run: a fresh nats-server, a fresh driver, a warm-up, then the load, with what each process used. */
import { rmSync, writeFileSync } from 'node:fs';
import { FakeEngine } from '../test/support/fake-engine.ts';
import { SAMPLE_INFO } from '../test/support/info.ts';
import { untilReady } from '../test/support/nats-server.ts';
import { freePort, until } from '../test/support/wait.ts';
import { subjectOf, totalLines, WARM_UP, type Load } from './load.ts';
import { GO, type FeederDone } from './messages.ts';
import { cpuMicros, machineMicros, peakMiB } from './usage.ts';
import type { Child, Workshop } from './workshop.ts';

export interface Program {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  readonly nodeArgs: (socketPath: string) => readonly string[];
}

export interface Figures {
  readonly linesPerSecond: number;
  readonly pluginMicros: number;
  readonly serverMicros: number;
  readonly peakMiB: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly feederLateMs: number;
  readonly messageBytes: number;
  /** Cores that were busy with something else. */
  readonly otherLoad: number;
}

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

/** Rejects when a line is missing, doubled or out of order. */
export async function measure(workshop: Workshop, { name, env, nodeArgs }: Program, load: Load): Promise<Figures> {
  const signal = AbortSignal.timeout(RUN_MS);
  const port = await freePort();
  const config = workshop.path('nats.conf');
  writeFileSync(config, SERVER_CONFIG);
  const server = workshop.spawn('nats-server', ['--addr', '127.0.0.1', '--port', String(port), '-c', config]);
  const socketPath = workshop.path('plugin.sock');
  await untilReady(port);
  const plugin = workshop.spawn(process.execPath, nodeArgs(socketPath), { ...env, NATS_SERVERS: `nats://127.0.0.1:${port}` });
  const engine = new FakeEngine(socketPath, workshop.path('engine'));
  try {
    await until(`${name} listens`, () => engine.call('Plugin.Activate'));
    const bed: Bed = { workshop, port, server, plugin, engine, signal };
    await feed(bed, WARM_UP);
    return await feed(bed, load);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}\n${plugin.logTail()}`, { cause: error });
  } finally {
    engine.close();
    await plugin.end();
    await server.end();
  }
}

async function feed(bed: Bed, load: Load): Promise<Figures> {
  const { workshop, engine, plugin, server, signal } = bed;
  const receiver = workshop.spawnNode('receiver.ts', [String(bed.port), JSON.stringify(load)]);
  const feeder = workshop.spawnNode('feeder.ts', [workshop.directory, JSON.stringify(load)]);
  try {
    const own = [plugin, server, receiver, feeder].map(({ pid }) => pid);
    const otherMicros = (): number => own.reduce((rest, pid) => rest - cpuMicros(pid), machineMicros());
    await receiver.report('subscribed', signal);
    const { files } = await feeder.report('fifos', signal);
    await Promise.all(files.map((File, i) => engine.call('LogDriver.StartLogging', { File, Info: infoOf(i) })));
    const before = { plugin: cpuMicros(plugin.pid), server: cpuMicros(server.pid), other: otherMicros(), at: performance.now() };
    receiver.progress = (arrived) => feeder.send(arrived);
    feeder.send(GO);
    // Whichever fails first says why.
    const ended = plugin.ended.then(() => Promise.reject(new Error('the driver has ended')));
    const delivered = Promise.all([feedAndStop(bed, feeder, files), receiver.report('received', signal)]);
    const [fed, received] = await Promise.race([delivered, ended]);
    const lines = totalLines(load);
    return {
      linesPerSecond: lines * 1e6 / (received.lastMicros - received.firstMicros),
      pluginMicros: (cpuMicros(plugin.pid) - before.plugin) / lines,
      serverMicros: (cpuMicros(server.pid) - before.server) / lines,
      peakMiB: peakMiB(plugin.pid),
      p50Ms: received.p50Ms,
      p99Ms: received.p99Ms,
      feederLateMs: fed.latestMs,
      messageBytes: received.messageBytes,
      otherLoad: (otherMicros() - before.other) / ((performance.now() - before.at) * 1000),
    };
  } finally {
    receiver.kill();
    feeder.kill();
  }
}

async function feedAndStop({ engine, signal }: Bed, feeder: Child, files: readonly string[]): Promise<FeederDone> {
  const fed = await feeder.report('fed', signal);
  await Promise.all(files.map((File) => engine.call('LogDriver.StopLogging', { File })));
  for (const file of files) rmSync(file);
  return fed;
}

function infoOf(container: number): object {
  const ContainerID = container.toString(16).padStart(64, 'a');
  return { ...SAMPLE_INFO, ContainerID, ContainerName: `/web-${container}`, Config: { 'nats-subject': subjectOf(container) } };
}
