/** The table of all commands, in the order of the help. */
import type { Command } from './command.ts';
import { check } from './commands/check.ts';
import { completion } from './commands/completion.ts';
import { doctor } from './commands/doctor.ts';
import { explain } from './commands/explain.ts';
import { push } from './commands/push.ts';
import { reload } from './commands/reload.ts';
import { schema } from './commands/schema.ts';
import { serve } from './commands/serve.ts';
import { status } from './commands/status.ts';
import { tail } from './commands/tail.ts';

export const commands: readonly Command[] = [serve, status, reload, push, doctor, tail, check, explain, schema, completion];

export const PROGRAM = 'nats-log-driver';
