import { defineCommand } from '../command.ts';
import { LOGIN_OPTIONS } from './options.ts';

export const push = defineCommand({
  name: 'push',
  summary: 'put a YAML file into the NATS KV bucket that steers all hosts',
  details: [
    'The file is checked first: one with errors is not put. KEY is BUCKET/KEY, as in the plugin setting NATS_CONFIG_KV.',
    'Servers and credentials are those of the driver: of the managed plugin that the engine has, and of the YAML file. Over them are the',
    'environment of this command and the options below; whoever names other servers gets none of the plugin\'s credentials.',
  ],
  positionals: [
    { name: 'KEY', isRequired: true, help: 'such as fleet/logs' },
    { name: 'FILE', isRequired: true, complete: 'file', help: 'the document (defaults, rules, allow), or - for standard input' },
  ],
  options: {
    create: { type: 'boolean', help: 'make the bucket where there is none; it keeps the last ten documents' },
    replicas: { type: 'string', value: 'N', default: '1', choices: ['1', '3', '5'], help: 'with --create: how many servers keep the bucket' },
    ...LOGIN_OPTIONS,
  },
  exits: { 0: 'it is in the bucket', 1: 'it has errors, or NATS does not take it', 2: 'wrong usage, or the options are refused' },
  examples: ['fleet/logs rules.yaml', '--create --replicas 3 -s nats://nats-1:4222 fleet/logs rules.yaml'],
  run: async (values, positionals, { env, output }) => await (await import('../push.ts')).push(values, positionals, env, output),
});
