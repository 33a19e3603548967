/**
 * `npm run chaos [-- --full] [-- --goal G3] [-- --seed N] [-- --lines]`: one line of JSON for each goal, on standard output; exit code 1 when one is
 * missed. With `--lines` only what became of the lines decides, not how long it took. The quick form takes less than ten minutes.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { cleanUp } from './clean-up.ts';
import { seeded, type Figures, type Goal } from './goal.ts';
import { goals } from './goals.ts';

const LEAST = 'min ';

/** Figures of time and memory, which another load on the machine changes. */
const MEASURE = /_(ms|s|mib|percent|minute)$|^min /;

function isMet({ limit }: Goal, measured: Figures, isForLines: boolean): boolean {
  return Object.entries(limit).every(([name, bound]) => {
    if (isForLines && MEASURE.test(name) && measured[name] !== undefined) return true;
    const value = measured[name] ?? Number.NaN;
    return name.startsWith(LEAST) ? value >= bound : value <= bound;
  });
}

async function measure(goal: Goal, isFull: boolean, isForLines: boolean, seed: number): Promise<boolean> {
  const start = performance.now();
  try {
    const measured = await goal.run({ isFull, random: seeded(seed) });
    const pass = isMet(goal, measured, isForLines);
    console.log(JSON.stringify({ goal: goal.id, pass, measured, limit: goal.limit, seed }));
    return pass;
  } catch (error) {
    console.log(JSON.stringify({ goal: goal.id, pass: false, measured: { error: String(error) }, limit: goal.limit, seed }));
    return false;
  } finally {
    await cleanUp();
    console.error(`chaos: ${goal.id} ${goal.title}: ${((performance.now() - start) / 1000).toFixed(0)} s, load ${(loadavg()[0] ?? 0).toFixed(1)}`);
  }
}

const flag = { type: 'boolean', default: false } as const;
const { values } = parseArgs({ options: { full: flag, lines: flag, goal: { type: 'string', multiple: true }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const known = goals(values.full);
const chosen = known.filter(({ id }) => values.goal === undefined || values.goal.includes(id));
if (chosen.length === 0) throw new Error(`--goal: expected some of ${known.map(({ id }) => id).join(', ')}`);
process.once('SIGINT', () => void cleanUp().then(() => process.exit(130)));
let failed = 0;
for (const goal of chosen) if (!(await measure(goal, values.full, values.lines, seed))) failed++;
console.error(`chaos: ${chosen.length - failed} met, ${failed} missed`);
process.exit(failed === 0 ? 0 : 1);
