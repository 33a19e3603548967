/** Options that several commands have. */
import type { CommandOptions } from '../command.ts';

export const SOCKET_OPTION = {
  type: 'string', value: 'PATH', complete: 'file',
  help: 'socket of the driver; default: the one below /run/docker/plugins, of a process of the host or of the managed plugin',
} as const satisfies CommandOptions[string];

export const LOG_OPT_OPTION = {
  type: 'string', value: 'K=V', multiple: true, complete: 'option', help: 'an option of the container, as for docker run',
} as const satisfies CommandOptions[string];
