/**
 * Everything that is made of `options.schema.json` and of the list of metrics: pure renderers, a list of products, and a thin writer
 * (`npm run generate`). A test renders again and compares.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { renderReference } from './cli-reference.ts';
import { metricList, PREFIX } from '../src/server/metric-list.ts';
import { formatValue } from '../src/options/convert.ts';
import { MATCH_KEYS } from '../src/options/match.ts';
import {
  environmentName, isAllowedIn, optionGroups, optionSchemas, type LayerKind, type OptionGroup, type OptionSchema,
} from '../src/options/schema.ts';
import { renderPageModule } from './page.ts';

type NamedSchema = readonly [name: string, schema: OptionSchema];

function optionsIn(layer: LayerKind): readonly NamedSchema[] {
  return [...optionSchemas].filter(([, schema]) => isAllowedIn(layer, schema));
}

function optionsOf(group: OptionGroup, among: readonly NamedSchema[]): readonly NamedSchema[] {
  return among.filter(([, schema]) => schema['x-group'] === group.name);
}

/** Undefined when an option is not set by default. */
function defaultText(schema: OptionSchema): string | undefined {
  return schema.default === undefined || schema.default === '' ? undefined : formatValue(schema.default, schema);
}

/** For places that show text as it is. */
function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}

function wrap(text: string, prefix: string, width: number): string[] {
  const lines = [prefix];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > width && lines.at(-1) !== prefix) lines.push(`${prefix} ${word}`);
    else lines[lines.length - 1] = line;
  }
  return lines;
}

function typeOf(schema: OptionSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `'${value}'`).join(' | ');
  return { string: 'string', integer: 'number', boolean: 'boolean', array: 'readonly string[]' }[schema.type];
}

const UNIT_WORDS = { bytes: 'Bytes. ', ms: 'Milliseconds. ' } as const;

function renderMember([name, schema]: NamedSchema): string[] {
  const unit = schema['x-unit'] === undefined ? '' : UNIT_WORDS[schema['x-unit']];
  const [fallback, optional] = [defaultText(schema), schema.default === undefined ? '?' : ''];
  return [
    '  /**',
    ...wrap(unit + schema.description, '   *', 120),
    ...(fallback === undefined ? [] : [`   * Default: \`${fallback}\`.`]),
    '   */',
    `  readonly '${name}'${optional}: ${typeOf(schema)};`,
  ];
}

export function renderTypes(): string {
  return [
    '/** Generated from schema/options.schema.json by `npm run generate`; change that file, not this one. */',
    '',
    '/** The options of one container, typed and complete: what has a default is always there. */',
    'export interface Options {',
    ...optionsIn('default').flatMap(renderMember),
    '}',
    '',
  ].join('\n');
}

/** Values ship empty, which means "not set": filled with defaults they would always beat the YAML file. */
function renderSetting([name, schema]: NamedSchema): object {
  const fallback = defaultText(schema);
  const description = plain(schema.description) + (fallback === undefined ? '' : ` Default ${fallback}.`);
  return { name: environmentName(name), description, value: '', settable: ['value'] };
}

/** The manifest of the managed plugin with its `env` renewed; all else stays. */
export function renderManifest(manifest: string): string {
  const parsed = JSON.parse(manifest) as Record<string, unknown>;
  return `${JSON.stringify({ ...parsed, env: optionsIn('environment').map(renderSetting) }, null, 2)}\n`;
}

/** What differs between the two languages of the tables. */
interface Language {
  readonly header: readonly string[];
  readonly title: 'title' | 'title-zh';
  readonly description: 'description' | 'x-description-zh';
  readonly scopes: Readonly<Record<OptionSchema['x-scope'], string>>;
}

const ENGLISH: Language = {
  header: ['option', 'plugin setting', 'default', 'meaning'],
  title: 'title',
  description: 'description',
  scopes: { container: '', plugin: ' Not a log-opt.', environment: ' Plugin setting only.', daemon: '' },
};

const CHINESE: Language = {
  header: ['选项', '插件设置', '默认值', '含义'],
  title: 'title-zh',
  description: 'x-description-zh',
  scopes: { container: '', plugin: '不能作为 log-opt。', environment: '只能作为插件设置。', daemon: '' },
};

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``;
}

function renderRow([name, schema]: NamedSchema, language: Language): string {
  const setting = isAllowedIn('environment', schema) ? environmentName(name) : undefined;
  const meaning = schema[language.description] + language.scopes[schema['x-scope']];
  const cells = [code(name), code(setting), code(defaultText(schema)), meaning];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function renderTable(group: OptionGroup, language: Language): string[] {
  const rows = optionsOf(group, [...optionSchemas]).map((option) => renderRow(option, language));
  return [`### ${group[language.title]}`, '', `| ${language.header.join(' | ')} |`, '|---|---|---|---|', ...rows, ''];
}

const BEGIN = '<!-- options:begin -->';
const END = '<!-- options:end -->';

/** The page with its tables renewed; a page without the markers stays as it is. */
function renderPage(page: string, language: Language): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) return page;
  const tables = optionGroups.flatMap((group) => renderTable(group, language)).join('\n');
  return `${page.slice(0, begin + BEGIN.length)}\n\n${tables}\n${page.slice(end)}`;
}

export const renderEnglishPage = (page: string): string => renderPage(page, ENGLISH);
export const renderChinesePage = (page: string): string => renderPage(page, CHINESE);

const YAML_HEAD = `# Every option that this file can set, with its default or an example. Generated by npm run generate from
# schema/options.schema.json. The driver reads the file that the plugin setting NATS_CONFIG names, else the first that
# exists of /etc/nats-log-driver/config.yaml and /srv/nats-log-driver/config.yaml.
# Plugin settings win over this file, log-opts win over both.
defaults:`;

const YAML_FOOT = `
# Log-opts that containers may set: names of options, or globs of them. Without the list: all above that concern one container.
#allow: [tag, labels*, env*, nats-subject, nats-oversize]`;

/** The default, or an example: numbers and booleans as such, the rest as a person would write it. */
function yamlValue(schema: OptionSchema): unknown {
  const isPlain = schema['x-unit'] === undefined && ['integer', 'boolean'].includes(schema.type);
  return isPlain ? schema.default : defaultText(schema) ?? schema.examples[0];
}

function renderYamlOption([name, schema]: NamedSchema): string[] {
  const line = stringify({ [name]: yamlValue(schema) }, { lineWidth: 0 }).trim();
  const remark = defaultText(schema) === undefined ? ['  # For example:'] : [];
  return ['', ...wrap(plain(schema.description), '  #', 100), ...remark, `  #${line}`];
}

export function renderDefaultYaml(): string {
  const groups = optionGroups.map((group) => ({ group, options: optionsOf(group, optionsIn('yaml')) }));
  const lines = groups.filter(({ options }) => options.length > 0)
    .flatMap(({ group, options }) => ['', `  # --- ${group.title} ---`, ...options.flatMap(renderYamlOption)]);
  return `${[YAML_HEAD, ...lines, YAML_FOOT].join('\n')}\n`;
}

/** How an option may be written in YAML, for editors; the driver itself reads each scalar as text. */
function yamlShape(schema: OptionSchema): object {
  const { type, enum: values, minimum, maximum, minItems } = schema;
  if (values !== undefined) return { type, enum: values };
  if (schema['x-unit'] !== undefined) return { anyOf: [{ type, minimum, maximum }, { type: 'string' }] };
  if (schema['x-separator'] !== undefined) return { anyOf: [{ type: 'array', items: { type: 'string' }, minItems }, { type: 'string' }] };
  return { type, minimum, maximum, ...(schema.format === 'absolute-path' ? { pattern: '^/' } : {}) };
}

function renderYamlProperty([name, schema]: NamedSchema): [string, object] {
  return [name, { ...yamlShape(schema), description: plain(schema.description), default: defaultText(schema), examples: schema.examples }];
}

function optionMap(layer: LayerKind, description: string): object {
  return { description, type: ['object', 'null'], additionalProperties: false, properties: Object.fromEntries(optionsIn(layer).map(([name]) => [name, { $ref: `#/definitions/${name}` }])) };
}

const GLOBS = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1 }] };

function renderRuleSchema(): object {
  const output = optionMap('output', 'Options of one further output, which gets the same lines. What is not set is as in the main output.');
  const name = { type: 'string', pattern: '^[A-Za-z0-9-]{1,32}$', description: 'Tells the output from others. Not set: made of its options.' };
  return {
    description: 'Later rules win over earlier ones.',
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      match: {
        description: 'Which containers the rule is for: globs (*, ?). All keys must hold, and of each one glob. Not set: all containers.',
        type: ['object', 'null'],
        additionalProperties: false,
        properties: {
          ...Object.fromEntries(MATCH_KEYS.map((key) => [key, GLOBS])),
          label: { type: ['object', 'null'], additionalProperties: GLOBS },
        },
      },
      options: optionMap('rule', 'Win over defaults and plugin settings; log-opts win over them.'),
      force: optionMap('rule', 'Win over log-opts, too.'),
      outputs: { type: ['array', 'null'], items: { ...output, properties: { name, ...(output as { properties: object }).properties } } },
    },
  };
}

export function renderConfigSchema(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'config.schema.json',
    title: 'YAML file of the NATS logging driver',
    description: 'Generated from options.schema.json by npm run generate.',
    definitions: Object.fromEntries(optionsIn('yaml').map(renderYamlProperty)),
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      defaults: optionMap('yaml', 'Options of every container and of the plugin. Plugin settings, rules and log-opts win over them.'),
      allow: { description: 'Log-opts that containers may set: names of options, or globs (*, ?) of them. Not set: all that are not for the plugin alone.', type: 'array', items: { type: 'string' } },
      rules: { description: 'Options for some of the containers.', type: ['array', 'null'], items: renderRuleSchema() },
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** The table of metrics between its markers. */
export function renderMetrics(page: string): string {
  const [begin, end] = ['<!-- metrics:begin -->', '<!-- metrics:end -->'];
  const rows = metricList.map(({ name, type, labels, help }) =>
    `| \`${PREFIX}${name}\` | ${type} | ${labels.map((label) => code(label)).join(', ')} | ${help.replaceAll('|', '\\|')} |`);
  const table = ['| metric | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
  return `${page.slice(0, page.indexOf(begin) + begin.length)}\n\n${table}\n\n${page.slice(page.indexOf(end))}`;
}

export interface Product {
  /** Relative to the project's root. */
  readonly path: string;
  readonly render: (current: string) => string;
  /** Somebody else's file, in which only a part is ours: it is not created. */
  readonly isShared: boolean;
}

export const products: readonly Product[] = [
  { path: 'src/core/options.generated.ts', render: renderTypes, isShared: false },
  { path: 'src/server/page.generated.ts', render: renderPageModule, isShared: false },
  { path: 'schema/config.schema.json', render: renderConfigSchema, isShared: false },
  { path: 'config/default.yaml', render: renderDefaultYaml, isShared: false },
  { path: 'plugin/config.json', render: renderManifest, isShared: true },
  { path: 'docs/metrics.md', render: renderMetrics, isShared: true },
  { path: 'docs/cli.md', render: renderReference, isShared: true },
  { path: 'README.md', render: renderEnglishPage, isShared: true },
  { path: 'README.zh-CN.md', render: renderChinesePage, isShared: true },
];

const ROOT = new URL('../', import.meta.url);

/** What a product is and what it should be; undefined when it is another's file and not there. */
export function compare({ path, render, isShared }: Product): { readonly current: string; readonly wanted: string } | undefined {
  const url = new URL(path, ROOT);
  if (isShared && !existsSync(url)) return undefined;
  const current = existsSync(url) ? readFileSync(url, 'utf8') : '';
  return { current, wanted: render(current) };
}

if (import.meta.main) {
  for (const product of products) {
    const compared = compare(product);
    if (compared !== undefined && compared.current !== compared.wanted) writeFileSync(new URL(product.path, ROOT), compared.wanted);
  }
}
