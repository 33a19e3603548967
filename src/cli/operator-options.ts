/** Options of the driver that the operator gives to a command: they win over the plugin's settings. */
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { environmentName, isAllowedIn, optionSchemas } from '../options/schema.ts';
import { UsageError } from './command.ts';
import { parseLogOpts } from './sample.ts';
import type { Wishes } from './surroundings.ts';

/** As an environment. `short`: options with a name of their own on the command line. Throws UsageError. */
export function operatorEnvironment(texts: readonly string[], short: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  const named = [...optionSchemas].filter(([, schema]) => isAllowedIn('environment', schema)).map(([name]) => name);
  const given = [...Object.entries(parseLogOpts(texts)), ...Object.entries(short).filter(([, value]) => value !== undefined)];
  return Object.fromEntries(given.map(([name, value]) => {
    if (!named.includes(name)) throw new UsageError(`--opt: unknown option ${JSON.stringify(name)}`, name, named);
    return [environmentName(name), value === '' ? optionSchemas.get(name)?.['x-empty'] : value];
  }));
}

export interface LoginArguments {
  readonly plugin: string | undefined;
  readonly server: string | undefined;
  readonly creds: string | undefined;
  readonly context: string | undefined;
  readonly opt: readonly string[];
}

/** For a command that connects to NATS itself. */
export function loginWishes(values: LoginArguments): Wishes {
  return { plugin: values.plugin, given: (secretDirs) => connectionEnvironment(values, secretDirs) };
}

/** All that the command line says of the connection, as an environment. Files that it names may lie anywhere. Throws UsageError. */
function connectionEnvironment({ server, creds, context, opt }: LoginArguments, secretDirs: readonly string[]): NodeJS.ProcessEnv {
  const file = creds === undefined ? undefined : resolve(creds);
  const given = operatorEnvironment(opt, { 'nats-servers': server, 'nats-creds-file': file, 'nats-context': context });
  const folders = [
    ...(file === undefined ? [] : [dirname(file)]),
    // Where the nats command line keeps contexts, and what they name.
    ...(context === undefined ? [] : [join(homedir(), '.config/nats'), homedir(), ...(isAbsolute(context) ? [dirname(context)] : [])]),
  ];
  if (folders.length === 0) return given;
  const name = environmentName('nats-secret-dirs');
  return { ...given, [name]: [...folders, given[name] ?? secretDirs.join(',')].join(',') };
}
