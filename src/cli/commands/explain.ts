import { defineCommand } from '../command.ts';
import { LOG_OPT_OPTION, PLUGIN_OPTION } from './options.ts';

export const explain = defineCommand({
  name: 'explain',
  summary: 'show the effective options, where each came from, and a sample message',
  details: [
    'Judges by the settings of the managed plugin that the engine has, over them those of the environment of this command, and by',
    'the YAML file that the plugin reads; without a managed plugin by the environment and the YAML file of this host. Nothing is started.',
  ],
  options: {
    'log-opt': LOG_OPT_OPTION,
    info: { type: 'string', value: 'FILE', complete: 'file', help: 'the container, as JSON with ContainerID, ContainerName, …' },
    plugin: PLUGIN_OPTION,
    json: { type: 'boolean', help: 'print JSON' },
  },
  exits: { 0: 'the container would start', 2: 'wrong usage, or the options are refused' },
  examples: ['--log-opt nats-subject=\'logs.{{.Name}}\' --log-opt env=APP_VERSION'],
  run: async (values, _, { env, output }) => await (await import('../explain.ts')).explain(values, env, output),
});
