/** How a value may be shown: in errors, origins, `explain`. Secrets become ***. */
import { formatValue } from './convert.ts';
import { quote } from './option-error.ts';
import { optionSchemas, type OptionSchema, type OptionValue } from './schema.ts';
import { maskServer } from './servers.ts';

export const MASK = '***';

function holdsServers(schema: OptionSchema): boolean {
  return schema.items?.format === 'nats-server';
}

function maskText(text: string, schema: OptionSchema): string {
  const separator = schema['x-separator'];
  if (!holdsServers(schema) || separator === undefined) return text;
  return text.split(separator).map((item) => maskServer(item.trim())).join(separator);
}

/** What somebody gave, right or wrong: quoted and shortened. */
export function maskValue(value: unknown, schema: OptionSchema): string {
  if (schema.writeOnly === true) return MASK;
  if (typeof value === 'string') return quote(maskText(value, schema));
  return Array.isArray(value) ? 'a list' : 'a map';
}

/** A valid value as it could be written in a log-opt. */
export function showValue(value: OptionValue, schema: OptionSchema): string {
  return schema.writeOnly === true ? MASK : maskText(formatValue(value, schema), schema);
}

/** Log-opts as given, for templates that print them. */
export function maskLogOpts(logOpts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(logOpts).map(([name, value]) => {
    const schema = optionSchemas.get(name);
    if (schema === undefined) return [name, value];
    return [name, schema.writeOnly === true ? MASK : maskText(value, schema)];
  }));
}
