/** Ends dockerd or the driver, over and over, under containers that write, and says what became of their lines. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostProcess } from './e2e-host-process.ts';
import { Numbered } from './e2e-numbered.ts';
import type { Fate } from './e2e-numbered.ts';
import { Site } from './e2e-site.ts';
import { PLUGIN } from './plugin.ts';
import { until } from './wait.ts';

export interface RestartFigures extends Fate {
  readonly rounds: number;
  /** What is there that was not before, after the container was removed: records and journals of sessions, FIFOs. */
  readonly left: readonly string[];
}

/** While dockerd is away a container can write as much as a pipe holds: this is a little less. */
const GAP_LINES = 9000;
/** Written while the driver is being killed. */
const BURST_LINES = 3000;
/** A driver that was killed is started again by the engine at once, and looked for after half a second. */
const SETTLE_MS = 30_000;

/** `kill -9` of dockerd under live-restore. `site`: with an engine of its own, which keeps that option. */
export async function dockerdKills(rounds: number, site?: Site): Promise<RestartFigures> {
  return await dockerdEnds(rounds, site, (at) => at.engine.kill());
}

/** Orderly ends of dockerd under live-restore. */
export async function dockerdRestarts(rounds: number, site?: Site): Promise<RestartFigures> {
  return await dockerdEnds(rounds, site, (at) => at.engine.terminate());
}

async function dockerdEnds(rounds: number, site: Site | undefined, end: (site: Site) => Promise<void>): Promise<RestartFigures> {
  return await onSite(site, async (at) => {
    await at.engine.restart({ daemonJson: { 'live-restore': true } });
    return await repeat(at, rounds, await managedPlace(at), async (container) => {
      await container.write(100);
      // What dockerd itself holds in memory ends with it, whatever the log driver.
      await container.fate(SETTLE_MS);
      await end(at);
      await container.write(GAP_LINES);
      await at.engine.restart();
    });
  });
}

/** Orderly ends of dockerd, with all containers and the plugin; they are started again with it. */
export async function coldRestarts(rounds: number, site?: Site): Promise<RestartFigures> {
  return await onSite(site, async (at) => {
    await at.engine.restart({});
    return await repeat(at, rounds, await managedPlace(at), async (container) => {
      await container.write(BURST_LINES);
      await at.engine.restart();
      await container.write(100);
    }, ['--restart', 'always', '--stop-signal', 'KILL']);
  });
}

/** `docker plugin disable -f` and `enable`, and `kill -9` of the plugin's process, in turn; while the container writes. */
export async function pluginRestarts(rounds: number, site?: Site): Promise<RestartFigures> {
  return await onSite(site, async (at) => await repeat(at, rounds, await managedPlace(at), async (container, round) => {
    container.tell(BURST_LINES);
    if (round % 2 === 1) await killPlugin(at);
    else await toggle(at, () => container.write(100));
    container.tell(100);
    await container.fate(SETTLE_MS);
  }));
}

/** SIGTERM and `kill -9` of a driver that runs on the host, in turn; while the container writes. */
export async function hostRestarts(rounds: number, site: Site, host: HostProcess): Promise<RestartFigures> {
  return await repeat(site, rounds, { driver: host.driver, state: host.state }, async (container, round) => {
    container.tell(BURST_LINES);
    if (round % 2 === 0) await host.kill();
    else await host.terminate();
    container.tell(100);
    await host.start();
    container.tell(100);
    await container.fate(SETTLE_MS);
  });
}

async function onSite<T>(given: Site | undefined, run: (site: Site) => Promise<T>): Promise<T> {
  if (given !== undefined) return await run(given);
  await using site = await Site.openAlone();
  return await run(site);
}

interface Place {
  readonly driver: string;
  /** The driver's folder for what survives it. */
  readonly state: string;
  /** Where the engine makes the FIFOs. */
  readonly fifos?: string;
}

async function managedPlace(site: Site): Promise<Place> {
  const rootfs = site.engine.pluginRootfs(await pluginId(site));
  return { driver: PLUGIN, state: join(rootfs, 'var/lib/nats-log-driver'), fifos: join(rootfs, 'run/docker/logging') };
}

type Round = (container: Numbered, round: number) => Promise<void>;

let count = 0;

async function repeat(
  site: Site, rounds: number, { driver, state, fifos }: Place, run: Round, flags: readonly string[] = [],
): Promise<RestartFigures> {
  const folders = [join(state, 'sessions'), join(state, 'journals'), ...(fifos === undefined ? [] : [fifos])];
  const look = (): string[] => folders.flatMap((folder) => globSync(join(folder, '*')));
  const before = look();
  const container = await Numbered.start(site, { name: `numbered-${count++}`, driver, flags });
  let fate: Fate;
  try {
    for (let round = 0; round < rounds; round++) await run(container, round);
    await container.write(100);
    fate = await container.fate(SETTLE_MS);
  } finally {
    await container[Symbol.asyncDispose]();
  }
  const left = (): string[] => look().filter((path) => !before.includes(path));
  await until('nothing is left of the sessions', () => left().length === 0).catch(() => undefined);
  return { rounds, ...fate, left: left() };
}

export async function pluginId(site: Site): Promise<string> {
  return await site.docker.run('plugin', 'inspect', '--format', '{{.Id}}', PLUGIN);
}

/** Process ID of the plugin; undefined: it does not run. */
function pluginProcess(site: Site, id: string): number | undefined {
  const [file] = globSync(`${site.engine.dir}/exec/**/${id}/init.pid`);
  return file === undefined ? undefined : Number(readFileSync(file, 'utf8'));
}

/** Resolves when the engine has started it again. */
export async function killPlugin(site: Site): Promise<void> {
  const id = await pluginId(site);
  const killed = pluginProcess(site, id);
  if (killed === undefined) throw new Error('the plugin does not run');
  process.kill(killed, 'SIGKILL');
  await until('the plugin runs again', () => ![undefined, killed].includes(pluginProcess(site, id)));
}

async function toggle(site: Site, meanwhile: () => Promise<void>): Promise<void> {
  await site.docker.run('plugin', 'disable', '--force', PLUGIN);
  await meanwhile();
  await site.docker.run('plugin', 'enable', PLUGIN);
}
