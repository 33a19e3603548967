/** Paths as another root sees them: what a managed plugin calls /srv/ca.pem lies somewhere else for its host. */
import type { Rule } from './document.ts';
import type { Layer, LayerValue } from './layers.ts';
import { withLayers, type Settings } from './resolve.ts';
import { optionSchemas, type OptionValue } from './schema.ts';

/** Where an absolute path of the driver lies for this process. */
export type PathOf = (path: string) => string;

export function relocateSettings(settings: Settings, pathOf: PathOf): Settings {
  const move = (layer: Layer): Layer => relocateLayer(layer, pathOf);
  const rules = settings.rules.map((rule): Rule => ({
    ...rule, options: move(rule.options), force: move(rule.force), outputs: rule.outputs.map((output) => ({ ...output, layer: move(output.layer) })),
  }));
  return withLayers({ ...settings, rules }, settings.layers.map(move));
}

function relocateLayer({ kind, values }: Layer, pathOf: PathOf): Layer {
  return { kind, values: new Map([...values].map(([name, { value, origin }]): [string, LayerValue] => [name, { value: relocate(name, value, pathOf), origin }])) };
}

/** By the names of their options, as log-opts are, unchecked: what is no text stays as it is. */
export function relocateTexts(texts: object, pathOf: PathOf): Record<string, unknown> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]: [string, unknown]) => [name, typeof text === 'string' ? relocate(name, text, pathOf) : text]));
}

function relocate(name: string, value: OptionValue, pathOf: PathOf): OptionValue {
  const schema = optionSchemas.get(name);
  const move = (text: string): string => text.startsWith('/') ? pathOf(text) : text;
  if (typeof value === 'string') return schema?.format === 'absolute-path' || schema?.format === 'context' ? move(value) : value;
  return Array.isArray(value) && schema?.items?.format === 'absolute-path' ? Object.freeze(value.map(move)) : value;
}
