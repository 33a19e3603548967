/**
 * `npm run bench`: FIFO to nats-server, this driver and the others in turns, a table at the end. Exits with 1 when a line is missing, doubled
 * or out of order: then there are no figures.
 */
import { parseArgs } from 'node:util';
import type { Figures } from './figures.ts';
import { scenarios, type Scenario } from './load.ts';
import { measure } from './measure.ts';
import { SYSTEMS, type System } from './systems.ts';
import { machine, table, type Results } from './table.ts';
import { Workshop } from './workshop.ts';

const ROUNDS = 5;
/** For `--quick`, which shows that everything works and roughly how fast. */
const QUICK = { rounds: 1, scale: 0.2 };
const USAGE = `usage: npm run bench -- [--quick] [--rounds N] [--scenario NAMES] [--system NAMES] [--frames N] [--profile FOLDER]

  NAMES              several with commas between them
  --frames N         frames in each write to a FIFO; dockerd writes one
  --profile FOLDER   writes a CPU profile of each driver that runs on node there
`;

interface Plan {
  readonly rounds: number;
  readonly scenarios: readonly Scenario[];
  readonly systems: readonly System[];
  /** For the drivers' node. */
  readonly nodeOptions: readonly string[];
}

function readPlan(): Plan {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      scenario: { type: 'string' },
      system: { type: 'string' },
      frames: { type: 'string', default: '1' },
      profile: { type: 'string' },
    },
  });
  const framesPerWrite = readCount('--frames', values.frames);
  const all = scenarios(values.quick ? QUICK.scale : 1).map(({ name, load }) => ({ name, load: { ...load, framesPerWrite } }));
  return {
    rounds: values.rounds === undefined ? values.quick ? QUICK.rounds : ROUNDS : readCount('--rounds', values.rounds),
    scenarios: chosen('--scenario', all, values.scenario) ?? all,
    systems: chosen('--system', SYSTEMS, values.system) ?? SYSTEMS.filter(({ isExtra }) => isExtra === undefined),
    nodeOptions: values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', values.profile],
  };
}

function readCount(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${option}: expected a whole number above 0, got ${text}`);
  return count;
}

function chosen<T extends { readonly name: string }>(option: string, all: readonly T[], names: string | undefined): T[] | undefined {
  return names?.split(',').map((name) => {
    const one = all.find((candidate) => candidate.name === name);
    if (one === undefined) throw new Error(`${option}: expected some of ${all.map((candidate) => candidate.name).join(', ')}, got ${name}`);
    return one;
  });
}

/** Rounds are interleaved, so that a disturbance meets all alike. */
async function run(workshop: Workshop, plan: Plan): Promise<Results> {
  const results = new Map<string, Map<string, Figures[]>>();
  for (const { name } of plan.scenarios) results.set(name, new Map(plan.systems.map((system) => [system.name, []])));
  const programs = await Promise.all(plan.systems.map((system) => system.prepare(workshop, plan.nodeOptions)));
  for (let round = 0; round < plan.rounds; round++) {
    for (const scenario of plan.scenarios) {
      for (const program of round % 2 === 0 ? programs : programs.toReversed()) {
        const figures = await measure(workshop, program, scenario);
        results.get(scenario.name)?.get(program.name)?.push(figures);
        process.stderr.write(`${progress(round, scenario.name, program.name, figures)}\n`);
      }
    }
  }
  return results;
}

function progress(round: number, scenario: string, system: string, { linesPerSecond, p99Ms, pluginMicros = 0 }: Figures): string {
  const main = linesPerSecond === undefined ? `p99 ${p99Ms} ms` : `${Math.round(linesPerSecond)} lines/s`;
  return `round ${round + 1}  ${scenario.padEnd(8)}  ${system.padEnd(5)}  ${main.padEnd(15)}  ${pluginMicros.toFixed(2)} µs/line`;
}

async function main(): Promise<number> {
  let plan: Plan;
  try {
    plan = readPlan();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  const workshop = new Workshop();
  process.on('exit', () => workshop.clear());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  try {
    const results = await run(workshop, plan);
    process.stdout.write(`${machine()}\n\n${table(results)}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`\nno figures: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();
