/** The real engine: a container that writes lines as fast as it can, through a driver that runs as a process of the host, or into a file. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../plugin/command.ts';
import { Engine } from '../test/support/engine.ts';
import { SAMPLE_INFO, type EngineInfo } from '../test/support/info.ts';
import { startReceiver, watch, withBed, type Bed } from './bed.ts';
import type { Figures } from './figures.ts';
import { blankLine, subjectOf } from './line.ts';
import { totalLines, type Load, type Scenario } from './load.ts';
import { built, type Program } from './systems.ts';
import { cpuMicros } from './usage.ts';
import type { Workshop } from './workshop.ts';

/** Drivers of the engine's own. */
export const BUILT_IN = ['json-file', 'none'] as const;
export type BuiltIn = (typeof BUILT_IN)[number];

const IMAGE = 'nats-log-driver-bench/writer:latest';

interface Container {
  readonly id: string;
  readonly info: EngineInfo;
}

/** Started when it is first needed. */
export class RealEngine {
  readonly #workshop: Workshop;
  #engine: Promise<Engine> | undefined;
  #drivers = 0;

  constructor(workshop: Workshop) {
    this.#workshop = workshop;
  }

  async measure(program: Program | BuiltIn, { load, warmUp }: Scenario): Promise<Figures> {
    const engine = await (this.#engine ??= this.#start());
    if (typeof program === 'string') return await runAlone(engine, program, load);
    // The engine remembers a driver by its name: a fresh process has a fresh one.
    const driver = `nld-bench-${process.pid}-${this.#drivers++}`;
    return await withBed(this.#workshop, program, { socketPath: `/run/docker/plugins/${driver}.sock` }, async (bed) => {
      await runThrough(bed, engine, driver, { ...warmUp, containers: 1, linesEach: totalLines(warmUp) });
      return await runThrough(bed, engine, driver, load);
    });
  }

  async stop(): Promise<void> {
    await (await this.#engine)?.stop();
  }

  async #start(): Promise<Engine> {
    const engine = await Engine.start();
    const rootfs = this.#workshop.folder('rootfs');
    copyFileSync(built('writer'), join(rootfs, 'writer'));
    await output('sh', ['-c', 'tar -c -C "$1" . | docker import - "$2"', 'import', rootfs, IMAGE], { env: engine.docker.env });
    return engine;
  }
}

async function create({ docker }: Engine, driver: string, options: readonly string[], { linesEach, lineBytes }: Load): Promise<Container> {
  const logOptions = options.flatMap((option) => ['--log-opt', option]);
  const id = (await docker.run('create', '--network', 'none', '--log-driver', driver, ...logOptions, IMAGE, '/writer', String(linesEach), blankLine(lineBytes))).trim();
  const [name = '', imageId = ''] = (await docker.run('inspect', '--format', '{{.Name}} {{.Image}}', id)).trim().split(' ');
  return { id, info: { ...SAMPLE_INFO, ContainerID: id, ContainerName: name, ContainerImageID: imageId, ContainerImageName: IMAGE } };
}

/** Returns how fast the container could write, and what that cost dockerd. */
async function runContainer(engine: Engine, id: string, lines: number): Promise<Figures> {
  const before = cpuMicros(engine.pid ?? 0);
  await engine.docker.run('start', id);
  await engine.docker.run('wait', id);
  const [from = '', to = ''] = (await engine.docker.run('inspect', '--format', '{{.State.StartedAt}} {{.State.FinishedAt}}', id)).trim().split(' ');
  return {
    containerLinesPerSecond: lines * 1000 / (Date.parse(to) - Date.parse(from)),
    engineMicros: (cpuMicros(engine.pid ?? 0) - before) / lines,
  };
}

async function runAlone(engine: Engine, driver: BuiltIn, load: Load): Promise<Figures> {
  const { id } = await create(engine, driver, [], load);
  const figures = await runContainer(engine, id, load.linesEach);
  await engine.docker.run('rm', id);
  return figures;
}

async function runThrough(bed: Bed, engine: Engine, driver: string, load: Load): Promise<Figures> {
  const { linesEach, lineBytes } = load;
  const { id, info } = await create(engine, driver, [`nats-subject=${subjectOf(0)}`, 'cache-disabled=true'], load);
  const { child: receiver } = await startReceiver(bed, [info], linesEach, lineBytes);
  try {
    const used = watch(bed, linesEach, [receiver.pid, engine.pid ?? 0]);
    const container = await runContainer(engine, id, linesEach);
    const { firstMicros, lastMicros, messageBytes } = await receiver.report('received', bed.signal);
    return { linesPerSecond: linesEach * 1e6 / (lastMicros - firstMicros), ...container, ...used(), messageBytes };
  } finally {
    receiver.kill();
    await engine.docker.run('rm', '--force', id);
  }
}
