/** Options that several commands have. */
import type { CommandOptions } from '../command.ts';

export const SOCKET_OPTION = {
  type: 'string', value: 'PATH', complete: 'file',
  help: 'socket of the driver; default: the one below /run/docker/plugins, of a process of the host or of the managed plugin',
} as const satisfies CommandOptions[string];

export const PLUGIN_OPTION = {
  type: 'string', value: 'NAME', help: 'the managed plugin whose settings hold, or none; default: the one that the engine has, DOCKER_HOST names another engine',
} as const satisfies CommandOptions[string];

export const LOG_OPT_OPTION = {
  type: 'string', value: 'K=V', multiple: true, complete: 'option', help: 'an option of the container, as for docker run',
} as const satisfies CommandOptions[string];

/** Of commands that connect to NATS themselves. */
export const LOGIN_OPTIONS = {
  plugin: PLUGIN_OPTION,
  server: { type: 'string', short: 's', value: 'URL', help: 'same as --opt nats-servers=URL' },
  creds: { type: 'string', value: 'FILE', complete: 'file', help: 'same as --opt nats-creds-file=FILE, wherever it lies' },
  context: { type: 'string', value: 'NAME', help: 'same as --opt nats-context=NAME, your own contexts of the nats command line included' },
  opt: { type: 'string', short: 'o', value: 'K=V', multiple: true, complete: 'option', help: 'an option of the driver' },
} as const satisfies CommandOptions;
