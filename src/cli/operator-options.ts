/** Options of the driver that the operator gives to a command: they hold like the plugin's settings, and win over them. */
import { environmentName, isAllowedIn, optionSchemas } from '../options/schema.ts';
import { UsageError } from './command.ts';
import { parseLogOpts } from './sample.ts';

/** As an environment. `short`: options with a name of their own on the command line. Throws UsageError. */
export function operatorEnvironment(texts: readonly string[], short: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  const named = [...optionSchemas].filter(([, schema]) => isAllowedIn('environment', schema)).map(([name]) => name);
  const given = [...Object.entries(parseLogOpts(texts)), ...Object.entries(short).filter(([, value]) => value !== undefined)];
  return Object.fromEntries(given.map(([name, value]) => {
    if (!named.includes(name)) throw new UsageError(`--opt: unknown option ${JSON.stringify(name)}`, name, named);
    return [environmentName(name), value === '' ? optionSchemas.get(name)?.['x-empty'] : value];
  }));
}
