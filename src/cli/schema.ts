/** `nats-log-driver schema`: the schemas that the program itself goes by. */
import config from '../../schema/config.schema.json' with { type: 'json' };
import message from '../../schema/message.schema.json' with { type: 'json' };
import options from '../../schema/options.schema.json' with { type: 'json' };
import type { Output } from './output.ts';

const SCHEMAS: Readonly<Record<string, object>> = { config, options, message };

/** Returns the exit code. */
export async function schema(which: string, output: Output): Promise<number> {
  output.write(`${JSON.stringify(SCHEMAS[which], null, 2)}\n`);
  return 0;
}
