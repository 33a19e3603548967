/** Tables of options for people, in both languages: all of them by group for the reference, the most used ones for the READMEs. */
import { environmentName, isAllowedIn, optionGroups, optionSchemas, type OptionGroup, type OptionSchema } from '../src/options/schema.ts';
import { defaultText, optionsOf, type NamedSchema } from './named-options.ts';

/** What differs between the two languages of the tables. */
export interface Language {
  readonly header: readonly string[];
  readonly title: 'title' | 'title-zh';
  readonly description: 'description' | 'x-description-zh';
  readonly scopes: Readonly<Record<OptionSchema['x-scope'], string>>;
  readonly restart: string;
}

export const ENGLISH: Language = {
  header: ['option', 'plugin setting', 'default', 'meaning'],
  title: 'title',
  description: 'description',
  scopes: { container: '', plugin: ' Not a log-opt.', environment: ' Plugin setting only.', daemon: '' },
  restart: ' A change holds from the next start of the driver on.',
};

export const CHINESE: Language = {
  header: ['选项', '插件设置', '默认值', '含义'],
  title: 'title-zh',
  description: 'x-description-zh',
  scopes: { container: '', plugin: '不能作为 log-opt。', environment: '只能作为插件设置。', daemon: '' },
  restart: '变更在驱动下次启动时生效。',
};

/** What nearly every installation sets, in the order in which one asks for it. */
const MOST_USED: readonly string[] = [
  'nats-servers', 'nats-subject', 'nats-transport', 'labels', 'env', 'nats-creds-file', 'nats-tls-ca-cert', 'nats-buffer-disk-size', 'nats-overflow', 'nats-log-http',
];

export function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``;
}

function renderRow([name, schema]: NamedSchema, language: Language): string {
  const setting = isAllowedIn('environment', schema) ? environmentName(name) : undefined;
  const meaning = schema[language.description] + language.scopes[schema['x-scope']] + (schema['x-restart'] === true ? language.restart : '');
  const cells = [code(name), code(setting), code(defaultText(schema)), meaning];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function renderTable(options: readonly NamedSchema[], language: Language): string[] {
  return [`| ${language.header.join(' | ')} |`, '|---|---|---|---|', ...options.map((option) => renderRow(option, language)), ''];
}

function renderGroup(group: OptionGroup, language: Language): string[] {
  return [`## ${group[language.title]}`, '', ...renderTable(optionsOf(group, [...optionSchemas]), language)];
}

const BEGIN = '<!-- options:begin -->';
const END = '<!-- options:end -->';

/** The page with what stands between its markers renewed; a page without the markers stays as it is. */
function renew(page: string, lines: readonly string[]): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) return page;
  return `${page.slice(0, begin + BEGIN.length)}\n\n${lines.join('\n')}\n${page.slice(end)}`;
}

/** The reference: every option, by group. */
export function renderOptionPage(page: string, language: Language): string {
  return renew(page, optionGroups.flatMap((group) => renderGroup(group, language)));
}

function named(name: string): NamedSchema {
  const schema = optionSchemas.get(name);
  if (schema === undefined) throw new Error(`${name}: no such option in options.schema.json`);
  return [name, schema];
}

/** One table of the most used options. */
export function renderMostUsed(page: string, language: Language): string {
  return renew(page, renderTable(MOST_USED.map(named), language));
}
