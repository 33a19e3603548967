import { defineCommand } from '../command.ts';
import { DEFAULT_STATE } from '../default-paths.ts';
import { LOG_OPT_OPTION, PLUGIN_OPTION, SOCKET_OPTION } from './options.ts';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'find out why lines do not arrive: configuration, NATS, engine, host',
  details: [
    'Goes the way of a line, with the options of the sample container (as explain shows them) and with those of each rule and further',
    'output, and says of each step whether it works and what to do if it does not. Nothing is published, unless --publish asks for it.',
  ],
  options: {
    'log-opt': LOG_OPT_OPTION,
    publish: { type: 'boolean', help: 'publish one message to the subject: no stream stores it, subscribers see it' },
    plugin: PLUGIN_OPTION,
    socket: SOCKET_OPTION,
    state: { type: 'string', value: 'DIR', default: DEFAULT_STATE, complete: 'file', help: 'state folder of the driver' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  exits: { 0: 'no check failed; there may be warnings', 1: 'a check failed', 2: 'wrong usage' },
  examples: ['', '--log-opt nats-servers=tls://nats-1:4222 --log-opt nats-subject=logs.web --publish'],
  run: async (values, _, { env, output }) => await (await import('../doctor.ts')).doctor(values, env, output),
});
