import { defineCommand } from '../command.ts';
import { SOCKET_OPTION } from './options.ts';

export const status = defineCommand({
  name: 'status',
  summary: 'show the sessions and connections of the running driver',
  positionals: [{ name: 'SECONDS', isRequired: false, help: 'with --watch: how often, default 2' }],
  options: {
    socket: SOCKET_OPTION,
    watch: { type: 'boolean', short: 'w', help: 'show it again and again, with rates; Ctrl-C ends' },
    json: { type: 'boolean', help: 'print JSON; with --watch one object a line' },
  },
  exits: { 0: 'the driver answered', 1: 'it did not', 2: 'wrong usage' },
  examples: ['', '--watch 5', '--json | jq .connections'],
  run: async (values, positionals, { output }) => await (await import('../status.ts')).status(values, positionals, output),
});
