/** The command line, run within the test or as a process of its own. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { main } from '../../src/cli/main.ts';
import type { Output } from '../../src/cli/output.ts';
import { MAIN } from './program.ts';

/** The engine of the machine, and what is installed in it, is nobody's business but that of a test which names it. */
const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

export interface CommandRun { readonly code: number; readonly out: string; readonly err: string }

/** Within this process: no terminal, no colours. */
export async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandRun> {
  let [out, err] = ['', ''];
  const output: Output = {
    write: (text) => { out += text; },
    writeError: (text) => { err += text; },
    paint: (_, text) => text,
    paintError: (_, text) => text,
    isTerminal: false, columns: 100, rows: 24,
  };
  const code = await main(args, { ...NO_ENGINE, ...env }, () => output);
  return { code, out, err };
}

/** A process that runs the program; it ends with the test, however that goes. */
export class CommandProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #out = '';
  #err = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, MAIN, ...args], {
      env: { PATH: process.env['PATH'], ...NO_ENGINE, ...env }, stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => { this.#out += text; });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => { this.#err += text; });
    this.#child.stdin.on('error', () => undefined);
  }

  /** What it has written so far. */
  get out(): string {
    return this.#out;
  }

  get err(): string {
    return this.#err;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Gives it `input` and resolves when it has ended; 137 when it was killed. */
  async end(input = ''): Promise<CommandRun> {
    this.#child.stdin.end(input);
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) await once(this.#child, 'close');
    return { code: this.#child.exitCode ?? 137, out: this.#out, err: this.#err };
  }
}

/** As a process, to its end. */
export function runProcess(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ''): Promise<CommandRun> {
  return new CommandProcess(args, env).end(input);
}

export const plain = stripVTControlCharacters;
