/** Runs other programs: the docker CLI, tar, ldd. Node's own `execFile`, with an error that shows what was run and what it said. */
import { execFile } from 'node:child_process';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  /** The program gets SIGKILL after that time; its exit code is then reported as 137, as a shell does. */
  readonly timeoutMs?: number;
}

/** A program that could not be started or that ended with another exit code than 0. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly result: CommandResult;

  constructor(command: string, args: readonly string[], result: CommandResult, options?: ErrorOptions) {
    const said = `${result.stderr}${result.stdout}`.trim();
    super(`${[command, ...args].join(' ')}: exit code ${result.code}${said === '' ? '' : `\n${said}`}`, options);
    this.result = result;
  }
}

/** `docker logs` of a talkative container is the largest output that is ever read. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** This process's environment; programs for administrators are found too, which `su` leaves out of PATH. */
export function systemEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin` };
}

/** Resolves whatever the exit code is; rejects only when the program cannot be started. */
export function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { env = systemEnvironment(), timeoutMs = 0, input, cwd } = options;
  return new Promise((resolve, reject) => {
    const settings = { env, cwd, timeout: timeoutMs, killSignal: 'SIGKILL' as const, maxBuffer: MAX_OUTPUT_BYTES };
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') {
        reject(new CommandError(command, args, { code: 127, stdout, stderr }, { cause: error }));
        return;
      }
      resolve({ code: error === null ? 0 : (error.code ?? 137), stdout, stderr });
    });
    // A program that ends before it has read its input closes the pipe; its exit code tells the story.
    child.stdin?.on('error', () => child.stdin?.destroy());
    child.stdin?.end(input);
  });
}

/** Standard output without the final newline; rejects with a `CommandError` unless the exit code is 0. */
export async function output(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await run(command, args, options);
  if (result.code !== 0) throw new CommandError(command, args, result);
  return result.stdout.replace(/\n$/, '');
}
