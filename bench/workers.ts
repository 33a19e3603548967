/**
 * `npm run bench:workers [-- --lines N --rounds N]`: what a line costs in a driver of one thread, in one of two workers, and in two drivers of
 * one thread each, which share nothing at all. What the second costs more than the third is the price of sharing a process.
 */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { FakeEngine } from '../test/support/fake-engine.ts';
import { isAnswered } from '../test/support/plugin-process.ts';
import { withBed, type Bed } from './bed.ts';
import { feed, type Fed } from './feeding.ts';
import { totalLines, WARM_UP, type Load } from './load.ts';
import { median } from './statistics.ts';
import { SYSTEMS, type Program } from './systems.ts';
import { cpuMicros, peakMiB } from './usage.ts';
import { Workshop } from './workshop.ts';

const CONTAINERS = [8, 100] as const;
/** Each thread has a compiler of its own that has to settle. */
const LONG_WARM_UP: Load = { ...WARM_UP, containers: 2 * WARM_UP.containers };

interface Result {
  readonly linesPerSecond: number;
  readonly microsPerLine: number;
  readonly peakMiB: number;
  /** Cores that were busy with other things. */
  readonly otherLoad: number;
}

/** `drivers`: their processes; `bed`: its engine speaks to all of them. */
async function measure(bed: Fed, drivers: readonly number[], load: Load): Promise<Result> {
  await feed(bed, LONG_WARM_UP);
  const used = (): number => drivers.reduce((sum, pid) => sum + cpuMicros(pid), 0);
  const [before, from] = [used(), performance.now()];
  const { linesPerSecond = 0, otherLoad = 0, pluginMicros = 0 } = await feed(bed, load);
  const [micros, elapsed] = [used() - before, (performance.now() - from) * 1000];
  return {
    linesPerSecond,
    microsPerLine: micros / totalLines(load),
    peakMiB: drivers.reduce((sum, pid) => sum + peakMiB(pid), 0),
    // The bed knows of one driver.
    otherLoad: otherLoad - (micros - pluginMicros * totalLines(load)) / elapsed,
  };
}

/** A second driver beside the one of the bed takes every other container. */
async function withSecond<T>(bed: Bed, program: Program, run: (bed: Fed, drivers: readonly number[]) => Promise<T>): Promise<T> {
  const { workshop, port, plugin, engine } = bed;
  const socket = workshop.path('second.sock');
  const [command = '', ...args] = program.command(socket, workshop.path('second-state'));
  const child = workshop.spawn(command, args, { ...program.env, NATS_SERVERS: `nats://127.0.0.1:${port}` });
  const second = new FakeEngine(socket, workshop.folder('second-engine'));
  try {
    while (!await isAnswered(socket)) await sleep(10);
    const both: Fed['engine'] = { call: (method, value) => (isFirst(value as { readonly File: string }) ? engine : second).call(method, value) };
    return await run({ ...bed, engine: both }, [plugin.pid, child.pid]);
  } finally {
    second.close();
    await child.end();
  }
}

function isFirst({ File }: { readonly File: string }): boolean {
  return Number(File.at(-1)) % 2 === 0;
}

async function run(workshop: Workshop, name: string, load: Load): Promise<Result> {
  const system = SYSTEMS.find((each) => each.name === (name === '2-workers' ? name : 'ours'));
  if (system === undefined) throw new Error(`there is no ${name}`);
  const program = await system.prepare(workshop, []);
  return await withBed(workshop, { ...program, env: { NATS_LOG_WORKERS: '1', ...program.env } }, {}, (bed) =>
    name === '2 processes' ? withSecond(bed, program, (both, drivers) => measure(both, drivers, load)) : measure(bed, [bed.plugin.pid], load));
}

const { values } = parseArgs({ options: { lines: { type: 'string', default: '3000000' }, rounds: { type: 'string', default: '3' } } });
const workshop = new Workshop();
process.on('exit', () => workshop.clear());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
console.log('| containers | driver | lines/s | CPU µs/line | peak RSS MiB | other load, cores |\n|---:|---|---:|---:|---:|---:|');
for (const containers of CONTAINERS) {
  const results = new Map<string, Result[]>(['1 worker', '2-workers', '2 processes'].map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, found] of results) {
      found.push(await run(workshop, name, { containers, linesEach: Math.round(Number(values.lines) / containers), lineBytes: 150, linesPerSecond: 0 }));
    }
  }
  for (const [name, found] of results) {
    const figures = found.map(({ microsPerLine }) => microsPerLine);
    const micros = `${median(figures).toFixed(2)} (${Math.min(...figures).toFixed(2)}..${Math.max(...figures).toFixed(2)})`;
    const lines = Math.round(median(found.map(({ linesPerSecond }) => linesPerSecond))).toLocaleString('en');
    console.log(`| ${containers} | ${name.replace('-', ' ')} | ${lines} | ${micros} | ${Math.round(median(found.map((each) => each.peakMiB)))} | ${median(found.map(({ otherLoad }) => otherLoad)).toFixed(2)} |`);
  }
}
