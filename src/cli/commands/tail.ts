import { defineCommand } from '../command.ts';
import { LOGIN_OPTIONS } from './options.ts';

export const tail = defineCommand({
  name: 'tail',
  summary: 'read the lines of containers back from NATS',
  details: [
    'From the stream that covers SUBJECT, where there is one; else as they are published. Warns where lines are missing.',
    'SUBJECT may have wildcards; by default it is that of the configuration, with > for what differs between containers.',
    'Servers and credentials are those of the driver: of the managed plugin that the engine has, and of the YAML file. Over them are the',
    'environment of this command and the options below; whoever names other servers gets none of the plugin\'s credentials.',
  ],
  positionals: [{ name: 'SUBJECT', isRequired: false, help: 'such as logs.web or logs.>' }],
  options: {
    follow: { type: 'boolean', short: 'f', help: 'go on with what comes; Ctrl-C ends' },
    last: { type: 'string', short: 'n', value: 'N', help: 'begin with the last N lines of all containers together, or all (10, unless --since is given)' },
    since: { type: 'string', value: 'TIME', help: 'begin so long ago (10m, 2h, 3d) or then (2026-03-14T15:00:00Z)' },
    container: { type: 'string', value: 'GLOB', multiple: true, help: 'only containers whose name or ID is like that: web-*, a7317399f3f8' },
    service: { type: 'string', value: 'GLOB', multiple: true, help: 'only services of Compose or Swarm; needs their label in the messages (option labels)' },
    project: { type: 'string', value: 'GLOB', multiple: true, help: 'only projects of Compose or stacks of Swarm; as --service' },
    timestamps: { type: 'boolean', short: 't', help: 'show the time of each line' },
    json: { type: 'boolean', help: 'print the messages as they are, one a line' },
    raw: { type: 'boolean', help: 'on a terminal, too, leave control characters as they are' },
    stream: { type: 'string', value: 'NAME', help: 'the stream to read, where several cover SUBJECT' },
    ...LOGIN_OPTIONS,
  },
  exits: { 0: 'read to the end, or ended by Ctrl-C', 1: 'NATS is not reached, or there is nothing to read from', 2: 'wrong usage, or the options are refused' },
  examples: ['--follow', '\'logs.>\' --container \'web-*\' --since 10m', '--last 100 --json | jq .text'],
  run: async (values, positionals, { env, output }) => await (await import('../tail.ts')).tail(values, positionals, env, output),
});
