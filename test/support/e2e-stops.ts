/** How long `docker stop` takes while a container floods and NATS is in one of its states, beside the engine's own json-file. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CallTimes } from './e2e-call-times.ts';
import { Gate } from './e2e-gate.ts';
import { HostProcess } from './e2e-host-process.ts';
import { Site } from './e2e-site.ts';
import { startNatsProcess } from './nats-process.ts';
import type { NatsServer } from './nats-server.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** `hung`: the server is stopped by a signal; `silent`: packets vanish; `full`: it is down, and there is no room left for lines. */
export const NATS_STATES = ['up', 'down', 'hung', 'silent', 'full'] as const;
export type NatsState = (typeof NATS_STATES)[number];

/** Milliseconds. */
export interface Times {
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

export interface StopFigures {
  readonly rounds: number;
  /** `docker stop`, by NATS' state, and side by side with it json-file. */
  readonly stop: Readonly<Record<NatsState, { readonly nats: Times; readonly jsonFile: Times }>>;
  readonly stopLogging: Readonly<Record<NatsState, Times>>;
  readonly startLogging: Readonly<Record<NatsState, Times>>;
}

/** Writes as fast as it can, and ends at SIGTERM. Short lines are the most work for their bytes. */
const FLOOD = 'trap "exit 0" TERM; yes "a line of a flood" & wait';
/** For the backlog to pile up: dockerd takes 1 MB from a container that is faster than its log driver. */
const FLOOD_MS = 700;

export function timesOf(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
  return { median: at(0.5), p99: at(0.99), max: at(1) };
}

/** Stops each kind of container `rounds` times. */
export async function stopTimes(rounds: number, site?: Site): Promise<StopFigures> {
  if (site === undefined) {
    await using own = await Site.open();
    return await stopTimes(rounds, own);
  }
  await using bench = await StopBench.open(site);
  await using roomy = await timedDriver('roomy', {});
  // The least that the options allow.
  await using cramped = await timedDriver('cramped', { NATS_BUFFER_DISK_SIZE: '1m', NATS_BUFFER_SIZE: '1m' });
  const rows: [NatsState, Row][] = [];
  for (const state of NATS_STATES) rows.push([state, await bench.measure(state, rounds, state === 'full' ? cramped : roomy)]);
  const column = <T>(of: (row: Row) => T): Record<NatsState, T> =>
    Object.fromEntries(rows.map(([state, row]) => [state, of(row)])) as Record<NatsState, T>;
  return {
    rounds,
    stop: column(({ nats, jsonFile }) => ({ nats: timesOf(nats), jsonFile: timesOf(jsonFile) })),
    stopLogging: column(({ stopLogging }) => timesOf(stopLogging)),
    startLogging: column(({ startLogging }) => timesOf(startLogging)),
  };
}

interface Row {
  readonly nats: readonly number[];
  readonly jsonFile: readonly number[];
  readonly stopLogging: readonly number[];
  readonly startLogging: readonly number[];
}

/** A driver on the host, its calls measured, before a nats-server that can be brought into any state. */
class StopBench implements AsyncDisposable {
  readonly #site: Site;
  readonly #nats: NatsServer;
  readonly #proxy: TcpProxy;
  /** Stays shut. */
  readonly #gate: Gate;
  readonly #resources: AsyncDisposableStack;

  private constructor(site: Site, nats: NatsServer, proxy: TcpProxy, gate: Gate, resources: AsyncDisposableStack) {
    this.#site = site;
    this.#nats = nats;
    this.#proxy = proxy;
    this.#gate = gate;
    this.#resources = resources;
  }

  static async open(site: Site): Promise<StopBench> {
    await using resources = new AsyncDisposableStack();
    const nats = await startNatsProcess();
    resources.defer(() => nats.stop());
    const proxy = await TcpProxy.before(nats.port);
    resources.defer(() => proxy.refuse());
    await proxy.accept();
    return new StopBench(site, nats, proxy, await Gate.before(nats.port), resources.move());
  }

  /** Rounds of both drivers in turn, so that a busy machine is busy for both. */
  async measure(state: NatsState, rounds: number, driver: TimedDriver): Promise<Row> {
    const row = { nats: [] as number[], jsonFile: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      row.nats.push(await this.#stop(`stop-${state}-${round}`, driver.name, state));
      row.jsonFile.push(await this.#stop(`stop-${state}-json-file-${round}`, 'json-file', state));
    }
    return { ...row, stopLogging: driver.times.take('StopLogging'), startLogging: driver.times.take('StartLogging') };
  }

  /** Milliseconds of `docker stop`. */
  async #stop(name: string, driver: string, state: NatsState): Promise<number> {
    const address = { up: this.#nats.url, hung: this.#nats.url, silent: this.#proxy.url, down: this.#gate.url, full: this.#gate.url }[state];
    const opts = driver === 'json-file' ? {} : { 'nats-servers': address };
    try {
      await this.#site.launch({ name, driver, opts, command: FLOOD });
      await sleep(FLOOD_MS);
      if (state === 'hung') await this.#nats.pause();
      if (state === 'silent') for (const direction of ['to server', 'to client'] as const) this.#proxy.silence(direction);
      const start = performance.now();
      await this.#site.docker.run('stop', name);
      return performance.now() - start;
    } finally {
      await this.#nats.resume();
      this.#proxy.restore();
      this.#proxy.cut();
      await this.#site.remove(name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

interface TimedDriver extends AsyncDisposable {
  /** For `--log-driver`. */
  readonly name: string;
  readonly times: CallTimes;
}

async function timedDriver(kind: string, env: NodeJS.ProcessEnv): Promise<TimedDriver> {
  await using resources = new AsyncDisposableStack();
  const name = `nld-${kind}-${process.pid}`;
  const host = resources.use(new HostProcess(`${name}-inner`));
  await host.start(env);
  const times = resources.use(await CallTimes.between(`/run/docker/plugins/${name}.sock`, host.socket));
  const moved = resources.move();
  return { name, times, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}
