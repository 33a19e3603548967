/**
 * Where an end-to-end test takes place: a private Docker Engine with the images and the managed plugin, a nats-server, and a collector of
 * its messages. One per test file; `run.ts` lends its engine to all of them, a file that runs alone starts its own.
 */
import type { ExecutionContext } from 'ava';
import { Collector } from './e2e-collector.ts';
import { drivers, type KnownDriver } from './e2e-drivers.ts';
import { Docker } from './docker.ts';
import type { CommandResult } from './docker.ts';
import { Engine } from './engine.ts';
import type { EngineOptions } from './engine.ts';
import { BUSYBOX_IMAGE, provideImages } from './images.ts';
import { startNatsProcess } from './nats-process.ts';
import type { NatsServer } from './nats-server.ts';
import { PLUGIN, providePlugin } from './plugin.ts';
import { until } from './wait.ts';

export interface RunOptions {
  readonly name: string;
  readonly driver?: string;
  /** Log-opts: `true` gives one bare. `nats-servers` and `nats-subject` have values that fit; `undefined` leaves one out. */
  readonly opts?: Readonly<Record<string, string | true | undefined>>;
  /** More flags for `docker run`. */
  readonly flags?: readonly string[];
  readonly image?: string;
  /** A text is for the shell. */
  readonly command: string | readonly string[];
}

/** `docker run` of a container that hangs ends after that time. */
const RUN_MS = 60_000;

export class Site implements AsyncDisposable {
  readonly docker: Docker;
  readonly nats: NatsServer;
  readonly collector: Collector;
  readonly #engine: Engine | undefined;
  readonly #driver: KnownDriver;

  private constructor(docker: Docker, engine: Engine | undefined, nats: NatsServer, collector: Collector, socket: string) {
    this.docker = docker;
    this.#engine = engine;
    this.nats = nats;
    this.collector = collector;
    this.#driver = { socket, log: () => [] };
    drivers.add(this.#driver);
  }

  /** Of the managed plugin. */
  get socket(): string {
    return this.#driver.socket;
  }

  /** With the managed plugin enabled. */
  static async open(): Promise<Site> {
    return process.env['DOCKER_HOST'] === undefined ? Site.openAlone() : Site.#furnish(new Docker(), undefined);
  }

  /** With an engine that no other test file uses. */
  static async openAlone(options: EngineOptions = {}): Promise<Site> {
    const engine = await Engine.start(options);
    try {
      return await Site.#furnish(engine.docker, engine);
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  static async #furnish(docker: Docker, engine: Engine | undefined): Promise<Site> {
    await provideImages(docker);
    await providePlugin(docker);
    const nats = await startNatsProcess();
    // The same folder for all engines of a machine, whatever their exec root is. Source: moby daemon/daemon_unix.go getPluginExecRoot.
    const socket = `/run/docker/plugins/${await docker.run('plugin', 'inspect', '--format', '{{.Id}}', PLUGIN)}/nats.sock`;
    return new Site(docker, engine, nats, await Collector.connect({ servers: nats.url }), socket);
  }

  /** The site's own engine. */
  get engine(): Engine {
    if (this.#engine === undefined) throw new Error('the engine belongs to all test files');
    return this.#engine;
  }

  /** `docker run`, attached; resolves when the container has ended, whatever became of it. It is removed then. */
  try(options: RunOptions): Promise<CommandResult> {
    return this.docker.try(['run', '--rm', ...this.#arguments(options)], { timeoutMs: RUN_MS });
  }

  /** The same, for a container that succeeds. Resolves with its standard output. */
  async run(options: RunOptions): Promise<string> {
    const { code, stdout, stderr } = await this.try(options);
    if (code !== 0) throw new Error(`docker run ${options.name}: exit code ${code}\n${stderr}`);
    return stdout;
  }

  /** `docker run --detach`; the container is removed when the test is over. */
  async start(t: ExecutionContext, options: RunOptions): Promise<void> {
    t.teardown(() => this.remove(options.name));
    await this.launch(options);
  }

  /** `docker run --detach`; the caller removes the container. */
  async launch(options: RunOptions): Promise<void> {
    await this.docker.run('run', '--detach', ...this.#arguments(options));
  }

  async remove(name: string): Promise<void> {
    await this.docker.try(['rm', '--force', '--volumes', name], { timeoutMs: RUN_MS });
  }

  /** `docker inspect --format`. */
  inspect(name: string, format: string): Promise<string> {
    return this.docker.run('inspect', '--format', format, name);
  }

  /** Once a container is not running any more, the engine has called StopLogging. */
  async untilEnded(name: string): Promise<void> {
    await until(`${name} has ended`, async () => (await this.inspect(name, '{{.State.Status}}')) === 'exited');
  }

  /** Disables the plugin, runs `docker plugin set`, enables it. */
  async setPlugin(...settings: readonly string[]): Promise<void> {
    await this.docker.run('plugin', 'disable', '--force', PLUGIN);
    await this.docker.run('plugin', 'set', PLUGIN, ...settings);
    await this.docker.run('plugin', 'enable', PLUGIN);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    drivers.delete(this.#driver);
    await this.collector.close();
    await this.nats.stop();
    await this.#engine?.stop();
  }

  #arguments({ name, driver = PLUGIN, opts = {}, flags = [], image = BUSYBOX_IMAGE, command }: RunOptions): string[] {
    const all = { ...(driver === 'json-file' ? {} : { 'nats-servers': this.nats.url, 'nats-subject': 'docker.logs' }), ...opts };
    const logOpts = Object.entries<string | true | undefined>(all)
      .filter(([, value]) => value !== undefined)
      .flatMap(([key, value]) => ['--log-opt', value === true ? key : `${key}=${value}`]);
    const args = typeof command === 'string' ? ['sh', '-c', command] : command;
    return ['--name', name, '--network', 'none', `--log-driver=${driver}`, ...logOpts, ...flags, image, ...args];
  }
}
