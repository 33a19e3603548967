/**
 * A private Docker Engine: own containerd, data root, exec root, socket, bridge and control group, in one temporary directory. It leaves
 * the packet filter of the machine alone (published ports go through docker-proxy), so several engines run side by side. Needs root.
 *
 * `engine-guard.sh` waits at the other end of a pipe and removes everything as soon as the owner closes the pipe or dies.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, run, systemEnvironment } from '../../plugin/command.ts';
import { Docker } from './docker.ts';
import { until } from './wait.ts';

export interface EngineOptions {
  /** Content of daemon.json, e.g. `{ 'log-driver': 'nats', 'log-opts': { 'nats-servers': '…' }, 'live-restore': true }`. */
  readonly daemonJson?: Readonly<Record<string, unknown>>;
  /** More flags for dockerd, e.g. `--log-driver=nats`. */
  readonly flags?: readonly string[];
}

/** A dockerd with a default log driver that does not answer looks for it for 15 seconds before it gives up. */
const START_MS = 30_000;

export class Engine {
  readonly dir: string;
  /** For DOCKER_HOST. */
  readonly host: string;
  readonly docker: Docker;
  readonly #bridge: Bridge;
  readonly #guard: ChildProcess;
  #options: EngineOptions;
  #daemon: ChildProcess | undefined;

  private constructor(dir: string, bridge: Bridge, options: EngineOptions) {
    this.dir = dir;
    this.host = `unix://${dir}/docker.sock`;
    this.docker = new Docker(this.host);
    this.#bridge = bridge;
    this.#options = options;
    this.#guard = spawnGuard(dir, bridge);
  }

  /** Resolves when the engine answers; nothing is left behind when it rejects. */
  static async start(options: EngineOptions = {}): Promise<Engine> {
    const engine = new Engine(mkdtempSync(join(tmpdir(), 'nld-engine-')), await addBridge(), options);
    try {
      engine.#startContainerd();
      await engine.#startDaemon();
      return engine;
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  /** The folder that holds the root file system of a managed plugin, by its full ID. */
  pluginRootfs(pluginId: string): string {
    return join(this.dir, 'data/plugins', pluginId, 'rootfs');
  }

  /** Process ID of dockerd. */
  get pid(): number | undefined {
    return this.#daemon?.pid;
  }

  /** What dockerd, and with it every managed plugin, has logged so far, over all its restarts. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** `kill -9` of dockerd alone: its containers go on. Follow with `restart()`. */
  async kill(): Promise<void> {
    await this.#endDaemon('SIGKILL');
  }

  /** Orderly stop of dockerd alone; with live-restore its containers go on. Follow with `restart()`. */
  async terminate(): Promise<void> {
    await this.#endDaemon('SIGTERM');
  }

  /** Orderly stop of dockerd where it still runs, then a new one with the same data; `options` replace the earlier ones. */
  async restart(options: EngineOptions = this.#options): Promise<void> {
    await this.#endDaemon('SIGTERM');
    this.#options = options;
    await this.#startDaemon();
  }

  /** Kills and removes everything, at once. Twice is safe. */
  async stop(): Promise<void> {
    if (this.#guard.exitCode === null) {
      this.#guard.ref();
      this.#guard.stdin?.end();
      await once(this.#guard, 'exit');
    }
    if (this.#guard.exitCode !== 0) throw new Error(`could not remove the engine's directory ${this.dir}`);
  }

  get #logFile(): string {
    return join(this.dir, 'dockerd.log');
  }

  async #startDaemon(): Promise<void> {
    writeFileSync(join(this.dir, 'daemon.json'), JSON.stringify(this.#options.daemonJson ?? {}));
    const daemon = this.#spawn('dockerd', this.#flags());
    this.#daemon = daemon;
    let failure: string | undefined;
    daemon.once('error', (error) => (failure = error.message));
    daemon.once('exit', (code, signal) => (failure = `it ended with ${signal ?? `exit code ${code}`}`));
    await until('dockerd answers', async () => failure !== undefined || (await ping(join(this.dir, 'docker.sock'))), START_MS);
    if (failure !== undefined) throw new Error(`dockerd did not start: ${failure}\n${lastErrors(this.log())}`);
  }

  /** Its own, because dockerd would silently share the machine's containerd, where one runs. */
  #startContainerd(): void {
    const config = join(this.dir, 'containerd.toml');
    writeFileSync(config, containerdConfig(this.dir));
    const containerd = this.#spawn('containerd', ['--config', config]);
    containerd.once('error', ({ message }) => appendFileSync(this.#logFile, `failed to start containerd: ${message}\n`));
  }

  #spawn(command: string, args: readonly string[]): ChildProcess {
    const log = openSync(this.#logFile, 'a');
    // Detached: Ctrl-C reaches the owner only; the guard ends the rest.
    const child = spawn(command, args, { detached: true, env: systemEnvironment(), stdio: ['ignore', log, log] });
    closeSync(log);
    child.unref();
    return child;
  }

  async #endDaemon(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    daemon.ref();
    daemon.kill(signal);
    await once(daemon, 'exit');
  }

  #flags(): string[] {
    const at = (name: string): string => join(this.dir, name);
    return [
      ...['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('docker.pid'), '--config-file', at('daemon.json')],
      ...['--containerd', at('containerd.sock'), '--host', this.host, '--bridge', this.#bridge.name],
      ...['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      // The guard finds all processes of all containers by this control group.
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', `/${this.dir.split('/').at(-1)}`],
      ...(this.#options.flags ?? []),
    ];
  }
}

interface Bridge {
  readonly name: string;
}

/** The kernel refuses a second interface of the same name, which makes the name a lock on the subnet 10.211.N.0/24. */
async function addBridge(): Promise<Bridge> {
  for (let n = 0; n < 256; n++) {
    const name = `nld${n}`;
    const { code } = await run('busybox', ['ip', 'link', 'add', 'name', name, 'type', 'bridge']);
    if (code !== 0) continue;
    await output('busybox', ['ip', 'addr', 'add', `10.211.${n}.1/24`, 'dev', name]);
    await output('busybox', ['ip', 'link', 'set', name, 'up']);
    return { name };
  }
  throw new Error('could not create a network bridge: root is needed');
}

function containerdConfig(dir: string): string {
  return `version = 2
root = "${dir}/containerd"
state = "${dir}/exec/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${dir}/containerd.sock"
`;
}

function spawnGuard(dir: string, bridge: Bridge): ChildProcess {
  const script = join(import.meta.dirname, 'engine-guard.sh');
  const guard = spawn('sh', [script, dir, bridge.name], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] });
  guard.unref();
  return guard;
}

function ping(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: '/_ping' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('error', reject);
    call.end();
  });
}

function lastErrors(log: string): string {
  return log.split('\n').filter((line) => /level=(error|fatal)|^\w+ failed|^failed/.test(line)).slice(-5).join('\n') || log.slice(-1000);
}
