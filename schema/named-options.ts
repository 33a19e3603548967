/** The options of the schema with their names: by layer, by group, and their defaults as text. */
import { formatValue } from '../src/options/convert.ts';
import { isAllowedIn, optionSchemas, type LayerKind, type OptionGroup, type OptionSchema } from '../src/options/schema.ts';

export type NamedSchema = readonly [name: string, schema: OptionSchema];

export function optionsIn(layer: LayerKind): readonly NamedSchema[] {
  return [...optionSchemas].filter(([, schema]) => isAllowedIn(layer, schema));
}

export function optionsOf(group: OptionGroup, among: readonly NamedSchema[]): readonly NamedSchema[] {
  return among.filter(([, schema]) => schema['x-group'] === group.name);
}

/** Undefined when an option is not set by default. */
export function defaultText(schema: OptionSchema): string | undefined {
  return schema.default === undefined || schema.default === '' ? undefined : formatValue(schema.default, schema);
}
