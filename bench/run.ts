/**
 * `npm run bench`: lines from containers to nats-server, through this driver and others in turns; a table and a picture at the end. Exits with
 * 1 when a line is missing, doubled, out of order or not as expected: then there are no figures.
 */
import { writeFileSync } from 'node:fs';
import { costCurves } from './cost.ts';
import { BUILT_IN, RealEngine } from './engine.ts';
import type { Figures } from './figures.ts';
import { checkLikeness } from './likeness.ts';
import type { Scenario } from './load.ts';
import { measure } from './measure.ts';
import { bars, curves } from './plot.ts';
import { add, readResults, writeResults, type Results } from './results.ts';
import { readPlan, USAGE, type Plan } from './plan.ts';
import { machine, table } from './table.ts';
import { Workshop } from './workshop.ts';

/** Rounds are interleaved, so that a disturbance meets all alike. */
async function run(workshop: Workshop, plan: Plan, results: Results): Promise<void> {
  const programs = await Promise.all(plan.systems.map((system) => system.prepare(workshop, plan.nodeOptions)));
  const engine = new RealEngine(workshop);
  try {
    for (const program of programs) await checkLikeness(workshop, program);
    for (let round = 1; round <= plan.rounds; round++) {
      for (const scenario of plan.scenarios) {
        for (const program of round % 2 === 1 ? programs : programs.toReversed()) {
          if (scenario.kind === 'stream' && !program.hasStreams) continue;
          const figures = scenario.kind === 'engine' ? await engine.measure(program, scenario) : await measure(workshop, program, scenario);
          keep(round, scenario, program.name, figures);
        }
        if (scenario.kind !== 'engine') continue;
        for (const name of BUILT_IN) keep(round, scenario, name, await engine.measure(name, scenario));
      }
    }
  } finally {
    await engine.stop();
  }

  function keep(round: number, { name }: Scenario, system: string, figures: Figures): void {
    const { otherLoad = 0 } = figures;
    const counts = !(otherLoad > plan.maxLoad);
    if (counts) add(results, name, system, figures);
    const { linesPerSecond = figures.containerLinesPerSecond, p99Ms = figures.stopP99Ms ?? 0, pluginMicros = figures.engineMicros ?? 0 } = figures;
    const main = linesPerSecond === undefined ? `p99 ${p99Ms.toFixed(2)} ms` : `${Math.round(linesPerSecond)} lines/s`;
    process.stderr.write(`round ${round}  ${name.padEnd(16)}  ${system.padEnd(9)}  ${main.padEnd(15)}  ${pluginMicros.toFixed(2)} µs/line`);
    process.stderr.write(counts ? '\n' : `  does not count: others kept ${otherLoad.toFixed(2)} cores busy\n`);
  }
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
  const results = plan.file === undefined ? {} : readResults(plan.file);
  try {
    await run(workshop, plan, results);
  } catch (error) {
    process.stderr.write(`\nno figures: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  if (plan.file !== undefined) writeResults(plan.file, results);
  writeFileSync(plan.picture, plan.isCost ? curves(costCurves(results)) : bars(results));
  process.stdout.write(`${machine()}\n\n${table(results)}\n\nas a picture: ${plan.picture}\n`);
  return 0;
}

process.exitCode = await main();
