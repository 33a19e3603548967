/** What the command line asks for. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { COST_SCENARIOS, scaled, SCENARIOS, type Scenario } from './load.ts';
import { SYSTEMS, type System } from './systems.ts';

const ROUNDS = 5;
const COST_SYSTEMS = 'ours,go,c';
/** For `--quick`, which shows that everything works and roughly how fast. */
const QUICK = { rounds: 1, scale: 0.1 };
const PICTURES = join(import.meta.dirname, 'build');

export const USAGE = `usage: npm run bench -- [--quick] [--cost] [--rounds N] [--scenario NAMES] [--system NAMES] [--frames N]
                        [--max-load CORES] [--results FILE] [--picture FILE] [--profile FOLDER]

  --quick            one round of a tenth of the lines
  --cost             how the cost of a line grows with containers and bytes, instead of the usual scenarios
  NAMES              several with commas between them
  --frames N         frames in each write to a FIFO; dockerd writes one
  --max-load CORES   a run does not count while others keep more than that busy
  --results FILE     keeps all figures there, and shows them together with those that it has already
  --picture FILE     where the SVG goes
  --profile FOLDER   writes a CPU profile of each driver that runs on node there
`;

export interface Plan {
  readonly isCost: boolean;
  readonly rounds: number;
  readonly scenarios: readonly Scenario[];
  readonly systems: readonly System[];
  /** For the drivers' node. */
  readonly nodeOptions: readonly string[];
  /** A run does not count while others keep more cores than that busy. */
  readonly maxLoad: number;
  /** Of the results. */
  readonly file: string | undefined;
  readonly picture: string;
}

/** Throws what is wrong with the command line. */
export function readPlan(args?: string[]): Plan {
  const { values } = parseArgs({
    ...args === undefined ? {} : { args },
    options: {
      quick: { type: 'boolean', default: false },
      cost: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      scenario: { type: 'string' },
      system: { type: 'string' },
      frames: { type: 'string', default: '1' },
      'max-load': { type: 'string', default: 'Infinity' },
      results: { type: 'string' },
      picture: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const { cost: isCost, quick, rounds, profile } = values;
  const framesPerWrite = readCount('--frames', values.frames);
  const all = (isCost ? COST_SCENARIOS : SCENARIOS)
    .map((scenario) => ({ ...scenario, load: { ...scenario.load, framesPerWrite } }))
    .map((scenario) => (quick ? scaled(scenario, QUICK.scale) : scenario));
  return {
    isCost,
    rounds: rounds === undefined ? quick ? QUICK.rounds : ROUNDS : readCount('--rounds', rounds),
    scenarios: chosen('--scenario', all, values.scenario) ?? all,
    systems: chosen('--system', SYSTEMS, values.system ?? (isCost ? COST_SYSTEMS : undefined)) ?? SYSTEMS.filter(({ isExtra }) => isExtra === undefined),
    nodeOptions: profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profile],
    maxLoad: readCores('--max-load', values['max-load']),
    file: values.results,
    picture: values.picture ?? join(PICTURES, isCost ? 'cost.svg' : 'results.svg'),
  };
}

function readCount(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${option}: expected a whole number above 0, got ${text}`);
  return count;
}

function readCores(option: string, text: string): number {
  const cores = Number(text);
  if (!(cores >= 0)) throw new Error(`${option}: expected a number of cores, got ${text}`);
  return cores;
}

function chosen<T extends { readonly name: string }>(option: string, all: readonly T[], names: string | undefined): T[] | undefined {
  return names?.split(',').map((name) => {
    const one = all.find((candidate) => candidate.name === name);
    if (one === undefined) throw new Error(`${option}: expected some of ${all.map((candidate) => candidate.name).join(', ')}, got ${name}`);
    return one;
  });
}
