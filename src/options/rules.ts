/** Rules between the options of one container: the schema's x-needs and x-conflicts, and the TLS files. */
import type { LayerValue } from './layers.ts';
import type { Problem } from './option-error.ts';
import { optionSchemas } from './schema.ts';
import { DEFAULT_ORIGIN } from './sources.ts';
import { tlsFileProblems, type NamedFile } from './tls-files.ts';

export type MergedValues = ReadonlyMap<string, LayerValue>;

function ruleProblem(option: string, origin: string, values: MergedValues, wrong: ReadonlySet<string>): Problem | undefined {
  const schema = optionSchemas.get(option);
  const missing = schema?.['x-needs']?.find((other) => !values.has(other) && !wrong.has(other));
  if (missing !== undefined) return { option, wanted: `needs ${missing} as well`, origin };
  const rival = schema?.['x-conflicts']?.find((other) => values.has(other));
  if (rival === undefined) return undefined;
  return { option, wanted: `cannot be used together with ${rival}, set by ${values.get(rival)?.origin}`, origin };
}

function namedFile(option: string, values: MergedValues): NamedFile | undefined {
  const found = values.get(option);
  return found === undefined ? undefined : { option, path: String(found.value), origin: found.origin };
}

/** `wrong`: options that are set, but to something already refused. */
export function crossProblems(values: MergedValues, wrong: ReadonlySet<string>): readonly Problem[] {
  const set = [...values].filter(([, { origin }]) => origin !== DEFAULT_ORIGIN);
  const rules = set.map(([option, { origin }]) => ruleProblem(option, origin, values, wrong));
  const files = ['nats-tls-ca-cert', 'nats-tls-cert', 'nats-tls-key'].map((option) => namedFile(option, values));
  return [...rules.filter((problem) => problem !== undefined), ...tlsFileProblems(files[0], files[1], files[2])];
}
