/** What a container may set: the operator's list of log-opts. Without a list it may set all that is not the plugin's. */
import { matchesAny } from './glob.ts';
import type { Layer } from './layers.ts';
import { nearest } from './nearest.ts';
import { quote, type Problem } from './option-error.ts';
import { isAllowedIn, optionSchemas } from './schema.ts';

export interface Allow {
  /** Of names of options. */
  readonly globs: readonly string[];
  /** `/etc/x.yaml:12:3` */
  readonly origin: string;
}

/** The engine's own options are not asked for: they are none of the driver's. */
const NAMES: readonly string[] = [...optionSchemas].filter(([, schema]) => isAllowedIn('yaml', schema) && isAllowedIn('log-opt', schema)).map(([name]) => name);

/** What is wrong with a glob that stands at `origin`: none of the options is meant. */
export function globProblem(glob: string, origin: string): Problem | undefined {
  if (NAMES.some((name) => matchesAny([glob], name))) return undefined;
  return { option: 'allow', wanted: 'expected names of options that containers can set, or globs of them', value: quote(glob), suggestion: nearest(glob, NAMES), origin };
}

/** Log-opts that are set and may not be. */
export function forbidden({ values }: Layer, allow: Allow | undefined): readonly Problem[] {
  if (allow === undefined) return [];
  return [...values].filter(([name]) => NAMES.includes(name) && !matchesAny(allow.globs, name)).map(([option, { origin }]) =>
    ({ option, wanted: `is not among the options that containers may set, allow at ${allow.origin}`, origin }));
}
