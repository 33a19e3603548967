/** The figures that the driver promises, each measured by doing what it is about. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'nats';
import { FakeEngine } from '../support/fake-engine.ts';
import { encodeFrame, entriesOf } from '../support/log-entry.ts';
import { startNatsCluster } from '../support/nats-cluster.ts';
import { startNatsProcess } from '../support/nats-process.ts';
import { isAnswered } from '../support/plugin-process.ts';
import { Subscriber } from '../support/subscriber.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/wait.ts';
import { atEnd, Bed, installed, makeStream, percentile, startServer } from './bed.ts';

export type Figures = Readonly<Record<string, number>>;

export interface Run {
  readonly isFull: boolean;
  readonly random: () => number;
}

export interface Goal {
  readonly id: string;
  readonly title: string;
  /** `most` of each figure; with a name that begins with "min ", the least. */
  readonly limit: Figures;
  readonly run: (run: Run) => Promise<Figures>;
}

const JETSTREAM = { NATS_TRANSPORT: 'jetstream' };
const round = (value: number): number => Math.round(value * 10) / 10;

async function proxied(port: number, isOpen: boolean): Promise<TcpProxy> {
  const proxy = await TcpProxy.before(port);
  atEnd(() => proxy.refuse());
  if (isOpen) await proxy.accept();
  return proxy;
}

async function kills({ isFull, random }: Run, count: number, alsoServer: boolean): Promise<Figures> {
  const server = await startServer();
  const stream = await makeStream(server.url);
  const bed = await Bed.start(server.url, JETSTREAM);
  const stop = bed.load(await bed.containers(4), isFull ? 10_000 : 4000);
  for (let i = 0; i < count; i++) {
    await sleep(50 + random() * 400);
    if (alsoServer && random() < 0.5) {
      await server.kill();
      await server.start();
    } else {
      await bed.plugin.kill();
      await bed.plugin.startAgain();
    }
  }
  await stop();
  await bed.readBack(stream);
  const { lost, reordered, corrupted } = bed.oracle.verdict();
  return { lost, twice: bed.oracle.duplicates, reordered, corrupted, lines: bed.oracle.written, kills: count };
}

async function outage({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const proxy = await proxied(server.port, false);
  const bed = await Bed.start(proxy.url, { NATS_BUFFER_DISK_SIZE: '8g' }, 200);
  await bed.subscribe(server.url);
  const rate = isFull ? 10_000 : 5000;
  const stop = bed.load(await bed.containers(4), rate);
  await sleep((isFull ? 600 : 15) * 1000);
  const before = bed.oracle.written;
  await proxy.accept();
  await bed.plugin.logged('connected to NATS', {}, 30_000);
  const start = performance.now();
  await until('the backlog is delivered', () => bed.oracle.received() >= before, 600_000);
  const drained = before / (performance.now() - start) * 1000;
  await stop();
  const { lost, corrupted } = await bed.oracle.settle(60_000);
  return { lost, corrupted, rss_mib: round(bed.plugin.peakMemory / 2 ** 20), slowest_write_ms: round(bed.slowestWrite), 'min drain_factor': round(drained / rate), lines: bed.oracle.written };
}

/** StopLogging in each state that NATS may be in, with lines waiting in the FIFO. */
async function stops({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const times: number[] = [];
  const states: Readonly<Record<string, (proxy: TcpProxy) => Promise<void>>> = {
    up: (proxy) => proxy.accept(),
    down: () => Promise.resolve(),
    hung: async (proxy) => {
      await proxy.accept();
      await sleep(200);
      proxy.silence('to client');
      proxy.silence('to server');
    },
    full: () => Promise.resolve(),
  };
  for (const [name, enter] of Object.entries(states)) {
    const proxy = await proxied(server.port, false);
    const bed = await Bed.start(proxy.url, name === 'full' ? { NATS_BUFFER_CONTAINER_SIZE: '1m' } : {});
    const writers = await bed.containers(isFull ? 200 : 50);
    await enter(proxy);
    for (const writer of writers) {
      await bed.write(writer, name === 'full' ? 8000 : 200);
      const before = performance.now();
      await writer.logger.stopLogging();
      times.push(performance.now() - before);
    }
  }
  return { p99_ms: round(percentile(times, 0.99)), max_ms: round(Math.max(...times)), stops: times.length };
}

async function starts({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const figures: Record<string, number> = {};
  for (const state of ['up', 'down']) {
    const proxy = await proxied(server.port, state === 'up');
    const bed = await Bed.start(proxy.url);
    await bed.container('first');
    const times: number[] = [];
    for (let i = 0; i < (isFull ? 5000 : 300); i++) {
      const before = performance.now();
      await bed.container(`s${i}`);
      times.push(performance.now() - before);
    }
    figures[`${state}_p99_ms`] = round(percentile(times, 0.99));
  }
  return figures;
}

/** From exec to the first accepted connection, with sessions and a backlog on disk. */
async function restart({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const proxy = await proxied(server.port, false);
  const bed = await Bed.start(proxy.url, { NATS_BUFFER_DISK_SIZE: '8g' }, 1000);
  const writers = await bed.containers(isFull ? 1000 : 200);
  for (const writer of writers) await bed.write(writer, isFull ? 1000 : 300);
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    await bed.plugin.kill();
    const before = performance.now();
    await bed.plugin.startAgain();
    times.push(performance.now() - before);
  }
  await bed.subscribe(server.url);
  await proxy.accept();
  const { lost } = await bed.oracle.settle(300_000);
  return { accept_ms: round(Math.min(...times)), lost, sessions: writers.length };
}

async function hungNode({ isFull }: Run): Promise<Figures> {
  let slowest = 0;
  let lost = 0;
  for (let i = 0; i < (isFull ? 20 : 1); i++) {
    const [one, two] = await startNatsCluster(async (options) => {
      const node = await startNatsProcess(options);
      atEnd(() => node.stop());
      return node;
    }, 2);
    if (one === undefined || two === undefined) throw new Error('no cluster');
    const bed = await Bed.start(`${one.url},${two.url}`);
    await bed.container('first');
    const used = String((await bed.plugin.logged('connected to NATS'))['server']);
    const [hung, other] = used.endsWith(`:${one.port}`) ? [one, two] : [two, one];
    await bed.subscribe(other.url);
    const stop = bed.load(await bed.containers(2), 4000);
    await until('lines arrive', () => bed.oracle.received() > 1000);
    await hung.pause();
    const before = performance.now();
    await until('it is connected to the other one', () => bed.plugin.log('connected to NATS').some(({ server }) => String(server).endsWith(`:${other.port}`)), 30_000);
    slowest = Math.max(slowest, performance.now() - before);
    await stop();
    lost += (await bed.oracle.settle(60_000)).lost;
    await hung.resume();
  }
  return { failover_s: round(slowest / 1000), lost };
}

async function replicas({ isFull, random }: Run): Promise<Figures> {
  const nodes = await startNatsCluster(async (options) => {
    const node = await startNatsProcess({ ...options, config: `server_name: n${options.cluster?.port}\njetstream { store_dir: "jetstream" }\n` });
    atEnd(() => node.stop());
    return node;
  });
  const urls = nodes.map(({ url }) => url);
  const stream = await makeStream(urls, 3);
  const bed = await Bed.start(urls.join(','), JETSTREAM);
  const stop = bed.load(await bed.containers(2), 1000);
  const until_ = performance.now() + (isFull ? 600 : 25) * 1000;
  while (performance.now() < until_) {
    await sleep(2000);
    const node = nodes[Math.floor(random() * nodes.length)];
    if (random() < 0.7 || node === undefined) {
      await stream.stepDown();
    } else {
      await node.kill();
      await sleep(500);
      await node.start();
    }
  }
  await stop();
  await bed.readBack(stream);
  const { lost, corrupted } = bed.oracle.verdict();
  return { lost, corrupted, twice: bed.oracle.duplicates, lines: bed.oracle.written };
}

async function many({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const bed = await Bed.start(server.url);
  await bed.subscribe(server.url);
  const writers = await bed.containers(1000);
  const stop = bed.load(writers, isFull ? 20_000 : 5000);
  await sleep((isFull ? 300 : 10) * 1000);
  await stop();
  const { lost, reordered, corrupted } = await bed.oracle.settle(60_000);
  return { lost, reordered, corrupted, rss_mib: round(bed.plugin.peakMemory / 2 ** 20), containers: writers.length, lines: bed.oracle.written };
}

async function fairness({ isFull }: Run): Promise<Figures> {
  const server = await startServer();
  const bed = await Bed.start(server.url);
  const delays: number[] = [];
  let sent = 0;
  const client = await connect({ servers: server.url });
  atEnd(() => client.close());
  // The flood goes past this process.
  client.subscribe('logs.q.>', { callback: (_error, message) => void delays.push(performance.now() - Number((message.json() as { text: string }).text)) });
  await client.flush();
  const quiet = await Promise.all(Array.from({ length: 50 }, (_, i) => bed.container(`q.${i}`)));
  const flooder = await bed.container('flood');
  const frames = join(mkdtempSync(join(tmpdir(), 'nld-flood-')), 'frames');
  atEnd(() => rmSync(dirname(frames), { recursive: true }));
  writeFileSync(frames, Buffer.concat(entriesOf('stdout', `${'x'.repeat(150)}\n`.repeat(5000)).map(encodeFrame)));
  const flood = spawn('sh', ['-c', `while :; do cat ${frames}; done > ${flooder.logger.file}`]);
  atEnd(() => void flood.kill('SIGKILL'));
  for (const end = performance.now() + (isFull ? 300 : 10) * 1000; performance.now() < end; await sleep(100)) {
    for (const { logger } of quiet) {
      await logger.log('stdout', String(performance.now()));
      sent++;
    }
  }
  flood.kill('SIGKILL');
  await until('the quiet ones are heard', () => delays.length === sent, 30_000).catch(() => undefined);
  return { quiet_p50_ms: round(percentile(delays, 0.5)), quiet_p99_ms: round(percentile(delays, 0.99)), missing: sent - delays.length };
}

/** A small disk of its own for the journals. */
async function fullDisk(): Promise<Figures> {
  const disk = mkdtempSync(join(tmpdir(), 'nld-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
  atEnd(() => {
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  const server = await startServer();
  const proxy = await proxied(server.port, false);
  const socket = join(disk, '..', `nld-chaos-${process.pid}.sock`);
  const driver = spawn(process.execPath, [...await installed(), 'serve', '--socket', socket, '--state', disk], {
    env: { PATH: process.env['PATH'], NATS_SERVERS: proxy.url, NATS_SUBJECT: 'logs.{{.Name}}', NATS_BUFFER_SIZE: '4m', LOG_LEVEL: 'debug' }, stdio: ['ignore', 'ignore', 'pipe'],
  });
  atEnd(() => void driver.kill('SIGKILL'));
  let said = '';
  driver.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until('the driver listens', () => isAnswered(socket), 30_000);
  const engine = new FakeEngine(socket);
  atEnd(() => engine.close());
  let received = 0;
  let told = 0;
  const subscriber = await Subscriber.connect({ servers: server.url }, (body) => {
    if (body.source === 'driver') told += (body as unknown as { gap: { lines: number } }).gap.lines;
    else received++;
  });
  atEnd(() => subscriber.close());
  const logger = await engine.startLogging({}, { ContainerName: '/web' });
  const frames = Buffer.concat(entriesOf('stdout', `${'x'.repeat(200)}\n`.repeat(1000)).map(encodeFrame));
  const lines = 200_000;
  for (let i = 0; i < lines; i += 1000) await logger.write(frames);
  const before = performance.now();
  await proxy.accept();
  await until('every line is delivered or told of', () => received + told >= lines, 60_000).catch(() => undefined);
  const healed = performance.now() - before;
  await logger.stopLogging();
  await until('the session ends', () => said.includes('session ended'), 20_000).catch(() => undefined);
  const counted = Number(/"overflow":(\d+)/.exec(said.slice(said.lastIndexOf('session ended')))?.[1] ?? 0);
  return { unexplained: Math.abs(lines - received - told), miscounted: Math.abs(counted - told), heal_s: round(healed / 1000), dropped: told };
}

export const GOALS: readonly Goal[] = [
  { id: 'G1', title: 'kill -9 of the driver, JetStream', limit: { lost: 0, twice: 0, reordered: 0, corrupted: 0 }, run: (run) => kills(run, run.isFull ? 500 : 30, false) },
  { id: 'G2', title: 'kill -9 of driver and server, JetStream', limit: { lost: 0, twice: 0, corrupted: 0 }, run: (run) => kills(run, run.isFull ? 300 : 16, true) },
  { id: 'G3', title: 'NATS away', limit: { lost: 0, corrupted: 0, rss_mib: 150, slowest_write_ms: 50, 'min drain_factor': 3 }, run: outage },
  { id: 'G4', title: 'StopLogging with NATS up, down, hung, journal full', limit: { p99_ms: 100, max_ms: 1000 }, run: stops },
  { id: 'G6', title: 'StartLogging', limit: { up_p99_ms: 50, down_p99_ms: 100 }, run: starts },
  { id: 'G7', title: 'start with sessions and a backlog', limit: { accept_ms: 300, lost: 0 }, run: restart },
  { id: 'G8', title: 'a node hangs', limit: { failover_s: 15, lost: 0 }, run: hungNode },
  { id: 'G9', title: 'a replicated stream under step-downs and kills', limit: { lost: 0, twice: 0, corrupted: 0 }, run: replicas },
  { id: 'G10', title: '1,000 containers', limit: { lost: 0, reordered: 0, corrupted: 0, rss_mib: 160 }, run: many },
  { id: 'G11', title: 'one container floods, fifty are quiet', limit: { quiet_p99_ms: 500, missing: 0 }, run: fairness },
  { id: 'G15', title: 'the disk is full', limit: { unexplained: 0, miscounted: 0, heal_s: 30 }, run: fullDisk },
];
