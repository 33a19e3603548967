/** The `match` of a rule: which containers it is for. */
import { matchesAny } from './glob.ts';

/** What a rule can ask of a container. */
export interface Matchable {
  /** Without its leading slash. */
  readonly name: string;
  /** As the user typed it. */
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Rendered from what is set without rules; undefined: it cannot be. */
  readonly tag: () => string | undefined;
}

/** Globs by key: all keys must hold, and of each one glob. */
export interface Match {
  readonly keys: ReadonlyMap<MatchKey, readonly string[]>;
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

export const EVERYTHING: Match = { keys: new Map(), labels: new Map() };

/** The texts of a container that a key looks at: one of them is enough. */
const TEXTS = {
  name: ({ name }: Matchable) => [name],
  image: ({ image }: Matchable) => [image],
  project: labelled('com.docker.compose.project', 'com.docker.stack.namespace'),
  service: labelled('com.docker.compose.service', 'com.docker.swarm.service.name'),
  tag: ({ tag }: Matchable) => [tag()],
} as const;

export type MatchKey = keyof typeof TEXTS;

/** All but `label`, which has keys of its own. */
export const MATCH_KEYS = Object.keys(TEXTS) as readonly MatchKey[];

function labelled(...keys: readonly string[]) {
  return ({ labels }: Matchable): readonly (string | undefined)[] => keys.map((key) => labelOf(labels, key));
}

/** A key may be any text, `__proto__` too. */
function labelOf(labels: Matchable['labels'], key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

export function matches({ keys, labels }: Match, container: Matchable): boolean {
  const isAny = (globs: readonly string[], texts: readonly (string | undefined)[]): boolean =>
    texts.some((text) => text !== undefined && matchesAny(globs, text));
  return [...labels].every(([key, globs]) => isAny(globs, [labelOf(container.labels, key)]))
    && [...keys].every(([key, globs]) => isAny(globs, TEXTS[key](container)));
}
