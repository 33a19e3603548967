import { defineCommand } from '../command.ts';
import { LOG_OPT_OPTION } from './options.ts';

export const explain = defineCommand({
  name: 'explain',
  summary: 'show the effective options, where each came from, and a sample message',
  details: ['Reads the environment and the YAML file of this machine. Nothing is started, nobody is contacted.'],
  options: {
    'log-opt': LOG_OPT_OPTION,
    info: { type: 'string', value: 'FILE', complete: 'file', help: 'the container, as JSON with ContainerID, ContainerName, …' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  exits: { 0: 'the container would start', 2: 'wrong usage, or the options are refused' },
  examples: ['--log-opt nats-subject=\'logs.{{.Name}}\' --log-opt env=APP_VERSION'],
  run: async (values, _, { env, output }) => await (await import('../explain.ts')).explain(values, env, output),
});
