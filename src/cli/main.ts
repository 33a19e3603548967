/** The commands and their options. Exit codes: 0 done, 1 failed, 2 wrong usage or refused options. */
import { parseArgs } from 'node:util';

const DEFAULT_SOCKET = '/run/docker/plugins/nats.sock';
/** Survives restarts of the process; within a managed plugin, too. */
const DEFAULT_STATE = '/var/lib/nats-log-driver';

const USAGE = `usage: nats-log-driver COMMAND

  serve [--socket PATH] [--state DIR]
                              run the logging driver
                              (default ${DEFAULT_SOCKET}, ${DEFAULT_STATE})
  explain [--log-opt K=V]… [--info FILE] [--json]
                              show the effective options, where each came from, and a sample message

The environment sets the defaults: NATS_SERVERS=… is the option nats-servers.
`;

export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [command, ...rest] = args;
  try {
    if (command === 'serve') {
      const { values } = parseArgs({
        args: rest,
        options: { socket: { type: 'string', default: DEFAULT_SOCKET }, state: { type: 'string', default: DEFAULT_STATE } },
      });
      const { serve } = await import('./serve.ts');
      return await serve(values, env);
    }
    if (command === 'explain') {
      const { explain } = await import('./explain.ts');
      return await explain(rest, env);
    }
  } catch (error) {
    if (!isUsageError(error)) throw error;
    process.stderr.write(`nats-log-driver: ${error.message}\n\n${USAGE}`);
    return 2;
  }
  const asked = command === '--help' || command === '-h' || command === 'help';
  (asked ? process.stdout : process.stderr).write(USAGE);
  return asked ? 0 : 2;
}

/** Source: nodejs.org/api/errors.html, ERR_PARSE_ARGS_*. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}
