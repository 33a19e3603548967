/** Runs ava on a list of files, shows what it says, and counts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

export interface AvaOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** One file, one test at a time. */
  readonly serial?: boolean;
  readonly signal: AbortSignal;
}

/** ava names each test that passes, but counts them only when none failed. */
const PASSED = /^\s*[✔√] /gmu;

/** Its closing lines about everything that did not pass; a test left out is one of them. */
const FAILED = /^\s*(\d+) (?:tests?|hooks?|known|uncaught|unhandled) (?:failed|skipped|todo|remained|failure|exception|rejection)/gmu;

/** What ava said, in numbers. A run that failed for a reason without a number, or ran nothing, counts as one failure. */
export function tallyOf(said: string, exitCode: number | null): Tally {
  const text = stripVTControlCharacters(said);
  const passed = text.match(PASSED)?.length ?? 0;
  let failed = 0;
  for (const [, count] of text.matchAll(FAILED)) failed += Number(count);
  const unexplained = failed === 0 && (exitCode !== 0 || passed === 0);
  return { passed, failed: unexplained ? 1 : failed };
}

export async function runAva(files: readonly string[], { env = {}, serial = false, signal }: AvaOptions): Promise<Tally> {
  if (files.length === 0) {
    console.log('\n  no test file found');
    return { passed: 0, failed: 1 };
  }
  const flags = serial ? ['--serial', '--concurrency', '1'] : [];
  const colours = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
  const child = spawn('ava', [...flags, ...files], { env: { ...process.env, ...colours, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', stop);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    process.stdout.write(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', stop);
  return tallyOf(Buffer.concat(chunks).toString(), code);
}
