/** How long `docker stop` takes while NATS is in one of its states: containers of a real engine, a log driver that is a process of the host. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CallTimes } from './e2e-call-times.ts';
import { Gate } from './e2e-gate.ts';
import { HostProcess } from './e2e-host-process.ts';
import type { Docker } from './docker.ts';
import { BUSYBOX_IMAGE } from './images.ts';
import { startNatsProcess } from './nats-process.ts';
import type { NatsServer } from './nats-server.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** `hung`: the server is stopped by a signal; `silent`: packets vanish; `full`: it is down, and there is no room left for lines. */
export const NATS_STATES = ['up', 'down', 'hung', 'silent', 'full'] as const;
export type NatsState = (typeof NATS_STATES)[number];

/** What a container runs; each of them ends at SIGTERM. A flood is as fast as can be: short lines are the most work for their bytes. */
export const OUTPUTS = {
  quiet: 'trap "exit 0" TERM; while :; do echo a line; sleep 1 & wait; done',
  flood: 'trap "exit 0" TERM; yes "a line of a flood" & wait',
} as const;
export type Output = keyof typeof OUTPUTS;

/** For the trap to be set, and for the backlog to pile up: dockerd takes 1 MB from a container that is faster than its log driver. */
const RUN_MS: Readonly<Record<Output, number>> = { quiet: 200, flood: 700 };

/** A driver on the host, its calls measured, before a nats-server that can be brought into any state. */
export class StopBench implements AsyncDisposable {
  readonly #docker: Docker;
  readonly #nats: NatsServer;
  readonly #proxy: TcpProxy;
  /** Stays shut. */
  readonly #gate: Gate;
  readonly #roomy: TimedDriver;
  readonly #cramped: TimedDriver;
  readonly #resources: AsyncDisposableStack;
  #containers = 0;

  private constructor(docker: Docker, nats: NatsServer, proxy: TcpProxy, gate: Gate, drivers: readonly [TimedDriver, TimedDriver], resources: AsyncDisposableStack) {
    this.#docker = docker;
    this.#nats = nats;
    this.#proxy = proxy;
    this.#gate = gate;
    [this.#roomy, this.#cramped] = drivers;
    this.#resources = resources;
  }

  /** The engine has the image of busybox. */
  static async open(docker: Docker): Promise<StopBench> {
    await using resources = new AsyncDisposableStack();
    const nats = await startNatsProcess();
    resources.defer(() => nats.stop());
    const proxy = await TcpProxy.before(nats.port);
    resources.defer(() => proxy.refuse());
    await proxy.accept();
    const roomy = resources.use(await timedDriver('roomy', {}));
    // The least that the options allow.
    const cramped = resources.use(await timedDriver('cramped', { NATS_BUFFER_DISK_SIZE: '1m', NATS_BUFFER_SIZE: '1m' }));
    return new StopBench(docker, nats, proxy, await Gate.before(nats.port), [roomy, cramped], resources.move());
  }

  /** Milliseconds of every call since the last time this was asked. */
  take(call: 'StartLogging' | 'StopLogging'): number[] {
    return [this.#roomy, this.#cramped].flatMap(({ times }) => times.take(call));
  }

  /** Milliseconds of `docker stop`, with the driver of the project. */
  async stop(output: Output, state: NatsState): Promise<number> {
    const address = { up: this.#nats.url, hung: this.#nats.url, silent: this.#proxy.url, down: this.#gate.url, full: this.#gate.url }[state];
    const { name } = state === 'full' ? this.#cramped : this.#roomy;
    try {
      return await this.stopWith(name, output, { 'nats-servers': address }, async () => {
        if (state === 'hung') await this.#nats.pause();
        if (state === 'silent') for (const direction of ['to server', 'to client'] as const) this.#proxy.silence(direction);
      });
    } finally {
      await this.#nats.resume();
      this.#proxy.restore();
      this.#proxy.cut();
    }
  }

  /** Milliseconds of `docker stop`, with any driver. `before`: what happens right before. */
  async stopWith(driver: string, output: Output, opts: Readonly<Record<string, string>> = {}, before = async (): Promise<void> => undefined): Promise<number> {
    const name = `stop-${output}-${this.#containers++}`;
    const logOpts = Object.entries(opts).flatMap(([key, value]) => ['--log-opt', `${key}=${value}`]);
    try {
      await this.#docker.run('run', '--detach', '--name', name, '--network', 'none', '--log-driver', driver, ...logOpts, BUSYBOX_IMAGE, 'sh', '-c', OUTPUTS[output]);
      await sleep(RUN_MS[output]);
      await before();
      const start = performance.now();
      await this.#docker.run('stop', name);
      return performance.now() - start;
    } finally {
      await this.#docker.try(['rm', '--force', name]);
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
