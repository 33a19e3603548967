/** Rules of a YAML file that will not do what somebody hoped. */
import type { Layer } from '../options/layers.ts';
import type { Rule } from '../options/document.ts';
import { EVERYTHING, type Match } from '../options/match.ts';
import type { Settings } from '../options/resolve.ts';

export interface RuleFault {
  readonly place: string;
  readonly text: string;
}

/** The options that a rule sets, of whatever force. */
function layersOf({ options, force, outputs }: Rule): readonly Layer[] {
  return [options, force, ...outputs.map(({ layer }) => layer)];
}

/** All layers of a document: the defaults, and those of its rules. */
export function allLayers(defaults: Layer, rules: readonly Rule[]): readonly Layer[] {
  return [defaults, ...rules.flatMap(layersOf)];
}

/** The settings as a container meets them that one rule is for. */
export function settingsUnder(rule: Rule, settings: Settings): Settings {
  return { ...settings, rules: [{ ...rule, match: EVERYTHING }] };
}

export function ruleFaults(rules: readonly Rule[]): readonly RuleFault[] {
  return rules.flatMap((rule, index) => [...idle(rule), ...impossible(rule), ...overruled(rule, rules.slice(index + 1))]);
}

function idle(rule: Rule): RuleFault[] {
  const isIdle = rule.outputs.length === 0 && layersOf(rule).every(({ values }) => values.size === 0);
  return isIdle ? [{ place: rule.origin, text: 'the rule sets nothing' }] : [];
}

/** Names of containers have no slash here, and neither Docker nor Compose gives such a one. */
function impossible({ match, origin }: Rule): RuleFault[] {
  const names = match.keys.get('name') ?? [];
  const isImpossible = names.length > 0 && names.every((glob) => !/^[\w.*?-]*$/.test(glob) || glob === '');
  return isImpossible ? [{ place: origin, text: `the rule matches no container: names have letters, digits and _ . - only, without a leading slash; got ${names.map((glob) => JSON.stringify(glob)).join(', ')}` }] : [];
}

/** Later rules win. */
function overruled(rule: Rule, later: readonly Rule[]): RuleFault[] {
  if (rule.outputs.length > 0 || layersOf(rule).every(({ values }) => values.size === 0)) return [];
  const winner = later.find((each) => matchesAtLeast(each.match, rule.match) && sets(each, rule));
  return winner === undefined ? [] : [{ place: rule.origin, text: `the rule has no effect: ${winner.origin} is for the same containers, and sets all of its options again` }];
}

function matchesAtLeast(wide: Match, narrow: Match): boolean {
  return (wide.keys.size === 0 && wide.labels.size === 0) || spell(wide) === spell(narrow);
}

function spell({ keys, labels }: Match): string {
  return JSON.stringify([[...keys].toSorted(), [...labels].toSorted()]);
}

function sets(winner: Rule, rule: Rule): boolean {
  const forced = (name: string): boolean => winner.force.values.has(name);
  return [...rule.options.values.keys()].every((name) => forced(name) || winner.options.values.has(name)) && [...rule.force.values.keys()].every(forced);
}
