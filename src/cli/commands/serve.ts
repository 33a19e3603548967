import { defineCommand } from '../command.ts';
import { DEFAULT_SOCKET, DEFAULT_STATE } from '../default-paths.ts';

export const serve = defineCommand({
  name: 'serve',
  summary: 'run the logging driver',
  details: ['The engine finds it by its socket. Ends in good order on SIGTERM or SIGINT: what is not confirmed stays on disk.'],
  options: {
    socket: { type: 'string', value: 'PATH', default: DEFAULT_SOCKET, complete: 'file', help: 'unix socket that the engine dials' },
    state: { type: 'string', value: 'DIR', default: DEFAULT_STATE, complete: 'file', help: 'folder for what must survive the process' },
  },
  exits: { 0: 'ended by a signal, in good order', 1: 'cannot listen, or a bug', 2: 'wrong usage' },
  run: async (values, _, { env }) => await (await import('../serve.ts')).serve(values, env),
});
