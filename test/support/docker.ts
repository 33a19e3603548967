/** The docker CLI, bound to one engine. */
import { output, run, systemEnvironment } from '../../plugin/command.ts';
import type { CommandOptions, CommandResult } from '../../plugin/command.ts';

export type { CommandOptions, CommandResult };

export class Docker {
  /** As in DOCKER_HOST; undefined: the engine that the CLI finds by itself. */
  readonly host: string | undefined;

  constructor(host: string | undefined = process.env['DOCKER_HOST']) {
    this.host = host;
  }

  /** Environment for programs that shall reach this engine. */
  get env(): NodeJS.ProcessEnv {
    const env = systemEnvironment();
    return this.host === undefined ? env : { ...env, DOCKER_HOST: this.host };
  }

  /** Runs `docker args…`; resolves with its standard output, rejects with a `CommandError` (message: all that it said) on failure. */
  run(...args: readonly string[]): Promise<string> {
    return output('docker', args, { env: this.env });
  }

  /** Runs `docker args…`; resolves with exit code, standard output and standard error, whatever they are. */
  try(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return run('docker', args, { env: this.env, ...options });
  }

  /** True when an engine answers. */
  async reachable(): Promise<boolean> {
    const { code } = await this.try(['version', '--format', '{{.Server.Version}}'], { timeoutMs: 5000 });
    return code === 0;
  }
}
