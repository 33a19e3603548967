/**
 * `npm run bench:stops [-- --rounds N] [-- --output flood]`: how long `docker stop` takes with this driver in each state of NATS, beside the engine's own
 * json-file and a plugin that throws everything away, with containers that say little and with containers that flood. All in turn, on one private engine.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Engine } from '../test/support/engine.ts';
import { NATS_STATES, OUTPUTS, StopBench, type Output } from '../test/support/e2e-stops.ts';
import { provideBusybox } from '../test/support/images.ts';
import { isAnswered } from '../test/support/plugin-process.ts';
import { until } from '../test/support/wait.ts';
import { median } from './statistics.ts';
import { machine } from './table.ts';
import { Workshop } from './workshop.ts';

/** Without the engine's copy of the lines, which serves `docker logs`: it takes time of its own when a container ends. */
const UNCACHED = { 'cache-disabled': 'true' };

type Stop = (output: Output) => Promise<number>;

/** Milliseconds of each round. */
interface Row {
  readonly stops: number[];
  readonly calls: number[];
}

function show(values: readonly number[]): string {
  return values.length === 0 ? '' : `${median(values).toFixed(0)} (${Math.min(...values).toFixed(0)}..${Math.max(...values).toFixed(0)})`;
}

async function measure(bench: StopBench, kinds: Readonly<Record<string, Stop>>, output: Output, rounds: number): Promise<void> {
  const rows = Object.keys(kinds).map((name): [string, Row] => [name, { stops: [], calls: [] }]);
  for (let round = 0; round < rounds; round++) {
    for (const [name, { stops, calls }] of rows) {
      stops.push(await (kinds[name] as Stop)(output));
      calls.push(...bench.take('StopLogging'));
    }
  }
  const base = median(rows[0]?.[1].stops ?? []);
  for (const [name, { stops, calls }] of rows) console.log(`| ${output} | ${name} | ${show(stops)} | ${(median(stops) - base).toFixed(0)} | ${show(calls)} |`);
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' }, output: { type: 'string', multiple: true, default: Object.keys(OUTPUTS) } } });
const workshop = new Workshop();
const discarder = `nld-null-${process.pid}`;
const socket = `/run/docker/plugins/${discarder}.sock`;
process.once('exit', () => {
  workshop.clear();
  rmSync(socket, { force: true });
});
workshop.spawn(process.execPath, [join(import.meta.dirname, 'null.ts'), socket]);
await until('the plugin that discards listens', () => isAnswered(socket));
const engine = await Engine.start();
try {
  await provideBusybox(engine.docker);
  await using bench = await StopBench.open(engine.docker);
  const kinds: Record<string, Stop> = {
    'json-file': (output) => bench.stopWith('json-file', output),
    'a plugin that discards': (output) => bench.stopWith(discarder, output),
    'the same, no cache': (output) => bench.stopWith(discarder, output, UNCACHED),
    ...Object.fromEntries(NATS_STATES.map((state): [string, Stop] => [`ours, ${state}`, (output) => bench.stop(output, state)])),
  };
  console.log(`${machine()}; milliseconds: median (least..most)\n\n| container | driver | docker stop | more than json-file | StopLogging |\n|---|---|---:|---:|---:|`);
  for (const output of values.output) await measure(bench, kinds, output as Output, Number(values.rounds));
} finally {
  await engine.stop();
  workshop.clear();
}
