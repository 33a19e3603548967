/** Rules between the options of one container: the schema's x-needs, x-conflicts and x-login, and the TLS files. */
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

function namedFile(option: string, values: MergedValues, container: MergedValues, dirs: readonly string[]): NamedFile | undefined {
  const found = values.get(option);
  return found === undefined ? undefined : { option, path: String(found.value), origin: found.origin, dirs: container.get(option) === found ? dirs : undefined };
}

/** There is one way to log in: one problem for all that are too many. */
function loginProblems(values: MergedValues): readonly Problem[] {
  const firsts = new Map<string, readonly [option: string, origin: string]>();
  for (const [option, { origin }] of values) {
    const way = optionSchemas.get(option)?.['x-login'];
    if (way !== undefined && !firsts.has(way)) firsts.set(way, [option, origin]);
  }
  const ways = [...firsts.values()];
  const last = ways.pop();
  if (last === undefined || ways.length === 0) return [];
  const [option, origin] = last;
  const rivals = ways.map(([rival, from]) => `${rival}, set by ${from}`).join(', nor with ');
  return [{ option, wanted: `cannot be used together with ${rivals}`, origin }];
}

/** `wrong`: options that are set, but to something already refused. */
export function ruleProblems(values: MergedValues, wrong: ReadonlySet<string>): readonly Problem[] {
  const set = [...values].filter(([, { origin }]) => origin !== DEFAULT_ORIGIN);
  const rules = set.map(([option, { origin }]) => ruleProblem(option, origin, values, wrong));
  return [...rules.filter((problem) => problem !== undefined), ...loginProblems(values)];
}

/** `container`: what its log-opts, and their context, have a say in; `dirs`: where files lie that it names. */
export function tlsFileProblemsOf(values: MergedValues, container: MergedValues, dirs: readonly string[]): readonly Problem[] {
  const files = ['nats-tls-ca-cert', 'nats-tls-cert', 'nats-tls-key'].map((option) => namedFile(option, values, container, dirs));
  return tlsFileProblems(files[0], files[1], files[2]);
}
