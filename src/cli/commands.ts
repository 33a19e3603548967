/** The table of all commands, in the order of the help. */
import type { Command } from './command.ts';
import { completion } from './commands/completion.ts';
import { explain } from './commands/explain.ts';
import { serve } from './commands/serve.ts';

export const commands: readonly Command[] = [serve, explain, completion];

export const PROGRAM = 'nats-log-driver';
