/**
 * The options as `schema/options.schema.json` declares them, and the one validator made of it. Everything that differs
 * from option to option is read from there: no option's name is written in this folder, except where options meet TLS,
 * credentials or the subject.
 */
import { Ajv, type ErrorObject, type Options as AjvOptions } from 'ajv';
import optionsSchema from '../../schema/options.schema.json' with { type: 'json' };
import { parseListenAddress } from '../core/listen-address.ts';
import { hostFault, serverFault } from './servers.ts';

/** `yaml`: defaults of a document; `rule`: its rules; `output`: their further outputs. */
export type LayerKind = 'default' | 'yaml' | 'environment' | 'rule' | 'log-opt' | 'output';
export type Scope = 'container' | 'plugin' | 'environment' | 'daemon';

/** One option's schema, with the project's own annotations; they are explained in the schema's description. */
export interface OptionSchema {
  readonly type: 'string' | 'integer' | 'boolean' | 'array';
  readonly description: string;
  readonly 'x-description-zh': string;
  readonly 'x-group': string;
  readonly 'x-scope': Scope;
  readonly examples: readonly string[];
  readonly default?: OptionValue;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly format?: string;
  readonly items?: { readonly format?: string };
  readonly writeOnly?: boolean;
  readonly 'x-unit'?: 'bytes' | 'ms';
  readonly 'x-separator'?: string;
  readonly 'x-empty'?: string;
  readonly 'x-needs'?: readonly string[];
  readonly 'x-conflicts'?: readonly string[];
  readonly 'x-login'?: string;
  readonly 'x-per-output'?: boolean;
  readonly 'x-restart'?: boolean;
}

export type OptionValue = string | number | boolean | readonly string[];

export interface OptionGroup { readonly name: string; readonly title: string; readonly 'title-zh': string }

/** Which layers may set an option of a scope. */
export const LAYERS_OF_SCOPE: Readonly<Record<Scope, readonly LayerKind[]>> = {
  container: ['default', 'yaml', 'environment', 'rule', 'log-opt', 'output'],
  plugin: ['default', 'yaml', 'environment'],
  environment: ['default', 'environment'],
  daemon: ['log-opt'],
};

/** In the order of the schema; a map, because names come from outside (`__proto__`). */
export const optionSchemas: ReadonlyMap<string, OptionSchema> = new Map(
  Object.entries<unknown>(optionsSchema.properties).map(([name, schema]) => [name, schema as OptionSchema]),
);

export const optionGroups: readonly OptionGroup[] = optionsSchema['x-groups'];

export function isAllowedIn(layer: LayerKind, schema: OptionSchema): boolean {
  return LAYERS_OF_SCOPE[schema['x-scope']].includes(layer) && (layer !== 'output' || schema['x-per-output'] !== false);
}

/** The one other spelling of an option: `nats-servers` is NATS_SERVERS in the environment. */
export function environmentName(option: string): string {
  return option.toUpperCase().replaceAll('-', '_');
}

/** What is wrong with a text, in words that follow "expected"; undefined when nothing is. */
type Fault = (text: string) => string | undefined;

function unless(isRight: (text: string) => boolean, wanted: string): Fault {
  return (text) => (isRight(text) ? undefined : wanted);
}

const faults: ReadonlyMap<string, Fault> = new Map([
  ['nats-server', serverFault],
  ['host-name', hostFault],
  ['absolute-path', unless((text) => text.startsWith('/') && !text.includes('\0'), 'an absolute path')],
  ['context', unless((text) => /^(\/|[\w][\w .-]*$)/.test(text) && !text.includes('\0'), 'the name of a context, or the absolute path of its file')],
  ['visible-text', unless((text) => /^\P{Cc}{1,256}$/u.test(text), 'at most 256 characters, none of them a control character')],
  ['subject-prefix', unless((text) => /^[^\s\p{Cc}*>.$][^\s\p{Cc}*>.]*(\.[^\s\p{Cc}*>.]+)*$/u.test(text) && text.length <= 128, 'a subject without wildcards')],
  ['kv-key', unless((text) => /^[\w-]{1,64}\/[-/=.\w]{1,255}$/.test(text) && !/\/[./]|[./]$/.test(text), 'bucket/key')],
  ['domain', unless((text) => /^[\w-]{1,64}$/.test(text), 'letters, digits, - and _')],
  ['listen-address', unless((text) => parseListenAddress(text) !== undefined, 'address:port, [address]:port or unix:/path')],
]);

export function formatFault(format: string | undefined, value: unknown): string | undefined {
  return typeof value === 'string' ? faults.get(format ?? '')?.(value) : undefined;
}

/** An Ajv that knows the project's annotations and formats. */
export function createAjv(options: AjvOptions = {}): Ajv {
  const ajv = new Ajv({ allErrors: true, strict: true, verbose: true, ...options });
  ajv.addVocabulary([
    'x-groups', 'x-group', 'x-scope', 'x-unit', 'x-separator', 'x-empty', 'x-needs', 'x-conflicts', 'x-login', 'x-per-output', 'x-restart', 'x-description-zh',
  ]);
  for (const [name, fault] of faults) ajv.addFormat(name, (text: string) => fault(text) === undefined);
  return ajv;
}

// That the schema itself is a schema is the affair of the tests: checking it takes longer than everything else at the start.
const validate = createAjv({ validateSchema: false }).compile(optionsSchema);

/** What Ajv objects to in a record of option values. */
export function schemaErrors(values: Readonly<Record<string, unknown>>): readonly ErrorObject[] {
  return validate(values) ? [] : validate.errors ?? [];
}
