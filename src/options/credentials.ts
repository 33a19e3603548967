/**
 * The operator's credentials go to the operator's servers: a container that names others, or brings credentials of
 * its own, gets none of them. Otherwise whoever may start a container could have them sent to a server of his.
 */
import type { Layer } from './layers.ts';
import type { MergedValues } from './rules.ts';
import { optionSchemas } from './schema.ts';
import { parseServers } from './servers.ts';

const SERVERS = 'nats-servers';

export interface Separated {
  readonly values: MergedValues;
  readonly warnings: readonly string[];
}

export function isCredential(name: string): boolean {
  return optionSchemas.get(name)?.['x-group'] === 'credentials';
}

/**
 * `values` are merged from the operator's layers, lowest first, and the container's log-opts, as far as they hold.
 * `isStripped`: it brought credentials that are not known any more.
 */
export function separateCredentials(values: MergedValues, operator: readonly Layer[], container: Layer, isStripped = false): Separated {
  const inherited = [...values].filter(([name]) => isCredential(name) && !container.values.has(name));
  const bringsOwn = isStripped || [...container.values.keys()].some(isCredential);
  const isForeign = !isAmong(serversOf([container]), operator.flatMap((layer) => [...serversOf([layer])]));
  if (inherited.length === 0 || !(bringsOwn || isForeign)) return { values, warnings: [] };
  const withheld = new Set(inherited.map(([name]) => name));
  return {
    values: new Map([...values].filter(([name]) => !withheld.has(name))),
    warnings: bringsOwn ? [] : inherited.map(([name, { origin }]) =>
      `${name}: not used for this container, whose log-opt ${SERVERS} names other servers (${origin})`),
  };
}

/** Every server that the layers name, as `host:port`. */
function serversOf(layers: readonly Layer[]): ReadonlySet<string> {
  const addresses = layers.flatMap(({ values }) => (values.get(SERVERS)?.value ?? []) as readonly string[]);
  return new Set(parseServers(addresses, false).map(({ host, port }) => `${host}:${port}`));
}

function isAmong(names: ReadonlySet<string>, known: readonly string[]): boolean {
  return [...names].every((name) => known.includes(name));
}
