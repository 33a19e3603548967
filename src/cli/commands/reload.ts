import { defineCommand } from '../command.ts';
import { SOCKET_OPTION } from './options.ts';

export const reload = defineCommand({
  name: 'reload',
  summary: 'make the running driver read its YAML file now',
  details: ['A file with errors is refused, and the configuration in force stays.'],
  options: { socket: SOCKET_OPTION },
  exits: { 0: 'the file is in force', 1: 'it was refused, or the driver did not answer', 2: 'wrong usage' },
  run: async (values, _, { output }) => await (await import('../reload.ts')).reload(values, output),
});
