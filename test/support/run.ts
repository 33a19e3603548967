/**
 * `npm test`: types, then unit tests, then, on one private engine, integration and end-to-end tests, and beside the latter chaos.
 * The last line says how many tests passed and failed. Arguments: `--unit`, `--integration`, `--e2e` choose parts; any other word chooses the files whose path holds it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../../plugin/rootfs.ts';
import { runAva } from './ava.ts';
import type { Tally } from './ava.ts';
import { Engine } from './engine.ts';
import { provideImages } from './images.ts';
import { providePlugin } from './plugin.ts';
import { PROGRAM_VARIABLE } from './program.ts';

const ALL = ['unit', 'integration', 'e2e'] as const;
type Part = (typeof ALL)[number];

/** An engine that a killed test had started may be on its way out: for a moment its mounts keep the folder busy. */
const REMOVAL = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 } as const;

const interruption = new AbortController();
const started = performance.now();

function report(step: string): void {
  console.log(`\ntest: ${((performance.now() - started) / 1000).toFixed(0).padStart(3)} s  ${step}`);
}

function partOf(file: string): Part {
  return ALL.find((part) => file.startsWith(`test/${part}/`)) ?? 'unit';
}

function filesOf(part: Part, words: readonly string[]): string[] {
  const files = globSync('test/**/*.test.ts').filter((file) => partOf(file) === part);
  return files.filter((file) => words.length === 0 || words.some((word) => file.includes(word))).sort();
}

/** tsc says itself what is wrong. */
function checkTypes(): Tally {
  report('types');
  const { status } = spawnSync('tsc', ['-p', '.'], { stdio: 'inherit' });
  return { passed: 0, failed: status === 0 ? 0 : 1 };
}

function runUnit(words: readonly string[]): Promise<Tally> {
  report('unit tests');
  return runAva(filesOf('unit', words), { signal: interruption.signal });
}

/** Starts the engine, runs the parts on it, removes it. `beside`: what else may run while they wait for the engine. */
async function runOnEngine(parts: readonly Part[], words: readonly string[], tallies: Tally[], beside: () => Promise<Tally> | undefined): Promise<void> {
  report('start a Docker Engine');
  const engine = await Engine.start();
  const env = { DOCKER_HOST: engine.host, TESTCONTAINERS_RYUK_DISABLED: 'true' };
  try {
    await provideImages(engine.docker);
    for (const part of parts) {
      if (interruption.signal.aborted) break;
      if (part === 'e2e') {
        report('build and enable the managed plugin');
        await providePlugin(engine.docker);
      }
      report(`${part} tests`);
      const other = part === 'e2e' ? beside() : undefined;
      tallies.push(await runAva(filesOf(part, words), { env, serial: part === 'e2e', signal: interruption.signal }));
      if (other !== undefined) tallies.push(await other);
    }
  } finally {
    await engine.stop();
  }
}

/** Those whose lines say most for their time; a busy machine must not fail them, so only lines are counted. */
const CHAOS_GOALS = ['G1', 'G2', 'G5', 'G8', 'G15', 'G17'];

/** Says what it has to say at its end. */
async function runChaos(): Promise<Tally> {
  const goals = CHAOS_GOALS.flatMap((goal) => ['--goal', goal]);
  const child = spawn(process.execPath, ['test/chaos/main.ts', '--lines', ...goals], { stdio: ['ignore', 'pipe', 'pipe'], signal: interruption.signal });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => said.push(bytes));
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  report('chaos, beside the e2e tests');
  process.stdout.write(Buffer.concat(said));
  return { passed: code === 0 ? CHAOS_GOALS.length : 0, failed: code === 0 ? 0 : 1 };
}

/** Adds to `tallies` as it goes, so that an error takes no result away. */
async function runParts(parts: readonly Part[], words: readonly string[], tallies: Tally[]): Promise<void> {
  const meant = parts.filter((part) => words.length === 0 || filesOf(part, words).length > 0);
  if (meant.includes('unit')) tallies.push(checkTypes(), await runUnit(words));
  const onEngine = meant.filter((part) => part !== 'unit');
  const isWhole = parts.length === ALL.length && words.length === 0;
  if (onEngine.length > 0 && !interruption.signal.aborted) await runOnEngine(onEngine, words, tallies, () => isWhole ? runChaos() : undefined);
}

async function main(): Promise<number> {
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({ options: { unit: flag, integration: flag, e2e: flag }, allowPositionals: true });
  const chosen = ALL.filter((part) => values[part]);
  // Whatever a test leaves behind when it is killed goes with this folder.
  const dir = mkdtempSync(join(tmpdir(), 'nld-test-'));
  process.env['TMPDIR'] = dir;
  const tallies: Tally[] = [];
  try {
    const program = join(dir, 'nats-log-driver.cjs');
    await bundle(program);
    process.env[PROGRAM_VARIABLE] = program;
    await runParts(chosen.length === 0 ? ALL : chosen, positionals, tallies);
  } catch (error) {
    console.error(error);
    tallies.push({ passed: 0, failed: 1 });
  } finally {
    rmSync(dir, REMOVAL);
  }
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
  const [passed, failed] = [sum((tally) => tally.passed), sum((tally) => tally.failed)];
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 && !interruption.signal.aborted ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interruption.abort());
process.exitCode = await main();
