/**
 * `npm run bench`: FIFO to nats-server, this driver and a plain one in turns, a table at the end. Exits with 1 when a
 * line is missing, doubled or out of order: then there are no figures.
 */
import { parseArgs } from 'node:util';
import { scenarios, type Scenario } from './load.ts';
import { measure, type Figures, type Program } from './measure.ts';
import { SYSTEMS, type System } from './systems.ts';
import { machine, table, type Results } from './table.ts';
import { Workshop } from './workshop.ts';

const ROUNDS = 5;
/** For `--quick`, which shows that everything works and roughly how fast. */
const QUICK = { rounds: 1, scale: 0.2 };
const USAGE = `usage: npm run bench -- [--quick] [--rounds N] [--scenario NAME] [--system NAME] [--profile FOLDER]

  --profile FOLDER   writes a CPU profile of each driver process there
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
      profile: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? QUICK.rounds : ROUNDS));
  const all = scenarios(values.quick ? QUICK.scale : 1);
  const plan = {
    rounds,
    scenarios: all.filter(({ name }) => values.scenario === undefined || name === values.scenario),
    systems: SYSTEMS.filter(({ name }) => values.system === undefined || name === values.system),
    nodeOptions: values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', values.profile],
  };
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds: expected a number above 0');
  if (plan.scenarios.length === 0) throw new Error(`--scenario: expected one of ${all.map(({ name }) => name).join(', ')}`);
  if (plan.systems.length === 0) throw new Error(`--system: expected one of ${SYSTEMS.map(({ name }) => name).join(', ')}`);
  return plan;
}

async function bundleAll(workshop: Workshop, { systems, nodeOptions: profiling }: Plan): Promise<Program[]> {
  return await Promise.all(systems.map(async ({ name, bundle, nodeOptions, env, args }) => {
    const file = workshop.path(`${name}.mjs`);
    await bundle(file);
    return { name, env, nodeArgs: (socketPath) => [...nodeOptions, ...profiling, file, ...args(socketPath)] };
  }));
}

/** Rounds are interleaved, so that a disturbance meets all alike. */
async function run(workshop: Workshop, plan: Plan): Promise<Results> {
  const perSystem = (): Map<string, Figures[]> => new Map(plan.systems.map(({ name }) => [name, []]));
  const results: Results = new Map(plan.scenarios.map(({ name }) => [name, perSystem()]));
  const programs = await bundleAll(workshop, plan);
  for (let round = 0; round < plan.rounds; round++) {
    for (const { name, load } of plan.scenarios) {
      for (const program of round % 2 === 0 ? programs : programs.toReversed()) {
        const figures = await measure(workshop, program, load);
        results.get(name)?.get(program.name)?.push(figures);
        process.stderr.write(`${progress(round, name, program.name, figures)}\n`);
      }
    }
  }
  return results;
}

function progress(round: number, scenario: string, system: string, { linesPerSecond, pluginMicros }: Figures): string {
  const figures = `${Math.round(linesPerSecond)} lines/s  ${pluginMicros.toFixed(2)} µs/line`;
  return `round ${round + 1}  ${scenario.padEnd(8)}  ${system.padEnd(5)}  ${figures}`;
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
