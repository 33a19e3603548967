/** The states of docs/failures.md in which a container may be stopped. */
import { globSync, truncateSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiscardPolicy } from 'nats';
import { entriesOf, encodeFrame } from '../support/log-entry.ts';
import type { NatsServer } from '../support/nats-server.ts';
import type { Subscriber } from '../support/subscriber.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { Bed, makeStream, startProxy, startServer } from './bed.ts';
import { closeBooks } from './books.ts';
import { mountDisk } from './disk.ts';
import type { Figures } from './goal.ts';

export interface State {
  /** How NATS or the driver is. */
  readonly name: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The server's configuration, and what a client needs with it. */
  readonly config?: string;
  readonly login?: { readonly user: string; readonly pass: string };
  readonly isTls?: boolean;
  /** Nothing listens when the driver starts, nor later. */
  readonly isRefused?: boolean;
  /** The size of a disk of its own for what the driver keeps. */
  readonly disk?: string;
  /** Its lines may be lost: for that cause, or because they are none. */
  readonly isLossy?: boolean;
  /** A process is killed, whose counts nobody knows. */
  readonly wasKilled?: boolean;
  /** Brings it about, once the containers have started. */
  readonly enter?: (scene: Scene) => unknown;
  /** Ends it, as far as the server is concerned. */
  readonly leave?: (scene: Scene) => Promise<void>;
}

const CRAMPED = { NATS_BUFFER_CONTAINER_SIZE: '1m' };
const LOGIN = { user: 'a', pass: 'b' };
const JETSTREAM = { NATS_TRANSPORT: 'jetstream' };

/** Bytes into each container's FIFO that the feeder does not write. */
async function writeAll({ bed }: Scene, bytes: Uint8Array): Promise<void> {
  await Promise.all(bed.containers.map(({ logger }) => logger.write(bytes)));
}

async function restartWithBacklog({ bed }: Scene, harm: () => void = () => undefined): Promise<void> {
  for (const { index } of bed.containers) await bed.feed.burst(index, 2000);
  await bed.plugin.kill();
  harm();
  await bed.plugin.startAgain();
}

export const STATES: readonly State[] = [
  { name: 'up' },
  // N1, N2
  { name: 'down', isRefused: true },
  { name: 'killed', enter: ({ server }) => server.kill(), leave: async ({ server, subscriber }) => {
    await server.start();
    await subscriber.isBack();
  } },
  // N4
  { name: 'hung', enter: ({ server }) => server.pause(), leave: ({ server }) => server.resume() },
  { name: 'silent', enter: ({ proxy }) => {
    proxy.silence('to client');
    proxy.silence('to server');
  } },
  // N5 – N7
  { name: 'refusing the login', config: 'authorization { user: a, password: b }\n', login: LOGIN, isLossy: true },
  { name: 'without the TLS that is wanted', isTls: true, isLossy: true },
  {
    name: 'refusing the subject', login: LOGIN, env: { NATS_USER: 'a', NATS_PASS: 'b' }, isLossy: true,
    config: 'authorization { users: [{ user: a, password: b, permissions: { publish: { deny: "logs.>" } } }] }\n',
  },
  // N8 – N11
  { name: 'without a stream', env: JETSTREAM, isLossy: true },
  { name: 'full, its stream', env: JETSTREAM, isLossy: true, enter: ({ server }) => makeStream(server.url, { max_msgs: 2, discard: DiscardPolicy.New }) },
  { name: 'taking only small messages', config: 'max_payload: 300\n', env: { NATS_OVERSIZE: 'drop' }, isLossy: true },
  // N12, N13
  { name: 'slow', enter: ({ proxy }) => proxy.throttle(16_000) },
  { name: 'heard by nobody', enter: ({ proxy }) => proxy.silence('to client') },
  {
    name: 'given up', isRefused: true, env: { NATS_MAX_RECONNECT: '1' }, isLossy: true,
    enter: ({ bed }) => bed.plugin.logged('gave up connecting to NATS: lines are dropped and counted until a container starts'),
  },
  // P2, P3, K2
  { name: 'just started, with a backlog', isRefused: true, wasKilled: true, enter: (scene) => restartWithBacklog(scene) },
  { name: 'started with damaged journals', isRefused: true, isLossy: true, enter: (scene) => restartWithBacklog(scene, () => {
    for (const path of globSync(`${scene.bed.plugin.state}/journals/*/*`)) writeFileSync(path, Buffer.alloc(5000, 7));
  }) },
  { name: 'started with journals that were cut', isRefused: true, isLossy: true, enter: (scene) => restartWithBacklog(scene, () => {
    for (const path of globSync(`${scene.bed.plugin.state}/journals/*/*.seg`)) truncateSync(path, 100_001);
  }) },
  // D3
  { name: 'writing a log that nobody reads', isRefused: true, isLossy: true, enter: ({ bed }) => bed.plugin.ignoreLog() },
  // S1 – S4
  { name: 'given half a frame', isLossy: true, enter: (scene) => writeAll(scene, encodeFrame({ source: 'stdout', timeNano: 1n, line: Buffer.alloc(100) }).subarray(0, 50)) },
  { name: 'given what is no frame', isLossy: true, enter: (scene) => writeAll(scene, Buffer.alloc(20_000, 0xfe)) },
  { name: 'waiting for the end of a line', isLossy: true, enter: (scene) => writeAll(scene, Buffer.concat(entriesOf('stdout', 'x'.repeat(40_000)).map(encodeFrame))) },
  // S6
  { name: 'flooded by another container', enter: async ({ bed }) => {
    const [flooder] = await bed.start(1);
    if (flooder !== undefined) await bed.feed.flood(flooder.index);
  }, isLossy: true },
  // Overflow, K1
  { name: 'full', isRefused: true, env: CRAMPED },
  { name: 'full, dropping the newest', isRefused: true, env: { ...CRAMPED, NATS_OVERFLOW: 'drop-newest' } },
  { name: 'full, blocking for a quarter of a second', isRefused: true, env: { ...CRAMPED, NATS_OVERFLOW: 'block', NATS_BLOCK_TIMEOUT: '250ms' } },
  { name: 'without disk space', isRefused: true, disk: '2m', env: { NATS_BUFFER_SIZE: '1m' } },
  { name: 'keeping lines in memory', isRefused: true, env: { NATS_BUFFER: 'memory', NATS_BUFFER_SIZE: '4m' } },
];

/** For the driver to notice. */
const SETTLED_MS = 200;

export class Scene {
  readonly state: State;
  readonly server: NatsServer;
  readonly subscriber: Subscriber;
  readonly proxy: TcpProxy;
  readonly bed: Bed;

  private constructor(state: State, server: NatsServer, subscriber: Subscriber, proxy: TcpProxy, bed: Bed) {
    this.state = state;
    this.server = server;
    this.subscriber = subscriber;
    this.proxy = proxy;
    this.bed = bed;
  }

  /** Resolves when that many containers run and the state has come about. */
  static async enter(state: State, containers: number): Promise<Scene> {
    const server = await startServer(state.config === undefined ? {} : { config: state.config });
    const proxy = await startProxy(server.port);
    if (!state.isRefused) await proxy.accept();
    const within = state.disk === undefined ? {} : { within: mountDisk(state.disk) };
    const bed = await Bed.start(state.isTls ? proxy.url.replace('nats:', 'tls:') : proxy.url, { env: state.env ?? {}, ...within });
    const subscriber = await bed.subscribe(server.url, state.login);
    await bed.start(containers);
    if (!state.isRefused && !state.isLossy) await bed.plugin.logged('connected to NATS');
    const scene = new Scene(state, server, subscriber, proxy, bed);
    await state.enter?.(scene);
    await sleep(SETTLED_MS);
    return scene;
  }

  /** NATS is there again: every line comes, or is counted as given up. Empty where that is not to be expected. */
  async heal(): Promise<Figures> {
    const { state, proxy, bed } = this;
    if (state.isLossy) return {};
    await proxy.refuse();
    proxy.restore();
    await state.leave?.(this);
    await proxy.accept();
    return await closeBooks(bed, { wasKilled: state.wasKilled ?? false });
  }
}
