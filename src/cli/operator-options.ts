/** Options of the driver that the operator gives to a command: they hold like the plugin's settings, and win over them. */
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readSettings } from '../options/resolve.ts';
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

export interface LoginArguments {
  readonly server: string | undefined;
  readonly creds: string | undefined;
  readonly context: string | undefined;
  readonly opt: readonly string[];
}

/** The environment with all that the command line says of the connection. Files that it names may lie anywhere. Throws UsageError. */
export function connectionEnvironment({ server, creds, context, opt }: LoginArguments, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const file = creds === undefined ? undefined : resolve(creds);
  const given = operatorEnvironment(opt, { 'nats-servers': server, 'nats-creds-file': file, 'nats-context': context });
  const folders = [
    ...(file === undefined ? [] : [dirname(file)]),
    // Where the nats command line keeps contexts, and what they name.
    ...(context === undefined ? [] : [join(homedir(), '.config/nats'), homedir(), ...(isAbsolute(context) ? [dirname(context)] : [])]),
  ];
  const all = { ...env, ...given };
  if (folders.length === 0) return all;
  const allowed = readSettings(all).settings.options['nats-secret-dirs'];
  return { ...all, [environmentName('nats-secret-dirs')]: [...folders, ...allowed].join(',') };
}
