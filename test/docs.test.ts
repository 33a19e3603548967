import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import messageSchema from '../schema/message.schema.json' with { type: 'json' };
import { OptionError } from '../src/options/option-error.ts';
import { loadSettings } from '../src/options/resolve.ts';
import { createAjv, environmentName, isAllowedIn, optionSchemas } from '../src/options/schema.ts';
import { parseYaml } from '../src/options/document.ts';
import { planSession } from '../src/plan.ts';
import { SAMPLE_INFO } from './support/info.ts';

const ROOT = dirname(import.meta.dirname);

interface Block { readonly language: string; readonly body: string }

interface Page {
  /** Relative to the project's root. */
  readonly path: string;
  /** Everything that stands outside of code blocks. */
  readonly prose: string;
  readonly blocks: readonly Block[];
  /** What stands between single backticks. */
  readonly spans: readonly string[];
}

const BLOCK = /^```(\w*)\n(.*?)^```$/gms;

function readPage(path: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const prose = text.replace(BLOCK, '');
  return {
    path,
    prose,
    blocks: [...text.matchAll(BLOCK)].map(([, language = '', body = '']) => ({ language, body })),
    spans: [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span),
  };
}

const english = readPage('README.md');
const chinese = readPage('README.zh-CN.md');
const readmes = [english, chinese];
const pages = [...readmes, ...['CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT }).sort()].map(readPage)];

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function headings({ prose }: Page): readonly string[] {
  return [...prose.matchAll(/^#+ .*$/gm)].map(([line]) => line);
}

/** As code hosts make it of a heading. */
function anchor(heading: string): string {
  return heading.replace(/^#+ /, '').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
}

/** All that is written as code, in blocks or between backticks. */
function codeOf({ blocks, spans }: Page): readonly string[] {
  return [...spans, ...blocks.map(({ body }) => body)];
}

function found(page: Page, pattern: RegExp): readonly string[] {
  return codeOf(page).flatMap((code) => [...code.matchAll(pattern)].map(([, name = '']) => name));
}

test('both READMEs have the same headings, lists and tables', (t) => {
  const levels = (page: Page): readonly string[] => headings(page).map((line) => line.split(' ', 1)[0] ?? '');
  t.deepEqual(levels(chinese), levels(english));
  for (const pattern of [/^- /gm, /^\|/gm, /^$/gm, /\]\(/g]) {
    t.is(count(chinese.prose, pattern), count(english.prose, pattern), `how often ${pattern} occurs`);
  }
});

test('both READMEs show the same code', (t) => {
  t.deepEqual(chinese.blocks, english.blocks);
  t.deepEqual([...new Set(chinese.spans)].sort(), [...new Set(english.spans)].sort());
});

test('relative links lead to files and headings that exist', (t) => {
  for (const { path: from, prose } of pages) {
    for (const [, target = ''] of prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file = '', fragment] = target.split('#');
      const path = file === '' ? from : join(dirname(from), file);
      t.true(existsSync(join(ROOT, path)), `${from}: ${target} does not exist`);
      if (fragment === undefined) continue;
      t.true(headings(readPage(path)).some((line) => anchor(line) === fragment), `${from}: ${target} is no heading`);
    }
  }
});

test('files of the project that the pages name exist', (t) => {
  for (const page of pages) {
    for (const path of found(page, /(?<![\w/.-])((?:src|schema|config|plugin|test|docs|bench)\/[\w./-]+)/g)) {
      t.true(existsSync(join(ROOT, path)), `${page.path}: ${path} does not exist`);
    }
  }
});

test('npm scripts that the pages name exist', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  for (const page of pages) {
    for (const name of found(page, /\bnpm (?:run )?((?<=run )[\w:-]+|test\b)/g)) {
      t.true(Object.hasOwn(scripts, name), `${page.path}: npm run ${name} is no script`);
    }
  }
});

/** `nats-` words that are programs. */
const PROGRAMS: ReadonlySet<string> = new Set(['nats-log-driver']);

test('options and plugin settings that the pages name exist', (t) => {
  const inEnvironment = [...optionSchemas].filter(([, schema]) => isAllowedIn('environment', schema));
  const settings = new Set(inEnvironment.map(([name]) => environmentName(name)));
  for (const page of pages) {
    const named = page.spans.flatMap((span) => /^(nats-[a-z-]*[a-z])(?:[=:].*)?$/.exec(span)?.[1] ?? []);
    for (const name of [...named, ...found(page, /--log-opt ([a-z][\w-]*)/g)]) {
      t.true(optionSchemas.has(name) || PROGRAMS.has(name), `${page.path}: ${name} is no option`);
    }
    for (const name of found(page, /\b(NATS_[A-Z_]*[A-Z])\b/g)) t.true(settings.has(name), `${page.path}: ${name} is no plugin setting`);
  }
});

/** What the driver makes of the options of an example; throws OptionError. */
function start(logOpts: Readonly<Record<string, string>>): void {
  planSession(loadSettings({}, []), { ...SAMPLE_INFO, Config: logOpts }, 'docker-host-1');
}

/** The parts of an example that are known; which of them are there says what it is. */
interface Example {
  readonly rules?: unknown;
  readonly defaults?: object;
  readonly services?: Readonly<Record<string, { readonly logging: { readonly options: Readonly<Record<string, string>> } }>>;
  readonly 'log-opts'?: Readonly<Record<string, string>>;
  readonly container_id?: string;
}

const validateMessage = createAjv().compile(messageSchema);

/** undefined: the block is no data. */
function parseExample({ language, body }: Block): Example | undefined {
  if (language === 'json') return JSON.parse(body) as Example;
  return language === 'yaml' ? parse(body) as Example : undefined;
}

for (const page of readmes) {
  test(`the driver accepts the examples of ${page.path}`, (t) => {
    const kinds: string[] = [];
    for (const block of page.blocks) {
      const example = parseExample(block);
      if (example?.defaults !== undefined || example?.rules !== undefined) {
        kinds.push('configuration file');
        t.deepEqual(parseYaml(block.body, page.path).problems, []);
      } else if (example?.container_id !== undefined) {
        kinds.push('message');
        t.true(validateMessage(example), JSON.stringify(validateMessage.errors));
        t.deepEqual(Object.keys(example).slice(0, messageSchema.required.length), messageSchema.required);
      } else if (example !== undefined) {
        kinds.push(example.services === undefined ? 'daemon.json' : 'Compose');
        const services = Object.values(example.services ?? {}).map(({ logging }) => logging.options);
        for (const options of [...services, example['log-opts'] ?? {}]) t.notThrows(() => start(options));
      }
    }
    t.deepEqual([...new Set(kinds)], ['daemon.json', 'Compose', 'configuration file', 'message']);
  });
}

const refusals: readonly Readonly<Record<string, string>>[] = [
  { 'nats-server': 'nats://nats-1:4222' },
  { tag: 'my app' },
  { 'nats-tls-ca-cert': '/certs/ca.pem' },
  { 'nats-token-file': '/srv/token' },
  { 'nats-token-file': '/home/me/token' },
  { 'nats-user': 'me', 'nats-token': 'secret' },
];

for (const logOpts of refusals) {
  test(`the READMEs quote exactly how ${JSON.stringify(logOpts)} is refused`, (t) => {
    const error = t.throws(() => start(logOpts), { instanceOf: OptionError });
    for (const { path, spans } of readmes) t.true(spans.includes(error.message), `${path} does not quote: ${error.message}`);
  });
}

const quotations: readonly string[] = [
  'configuration refused',
  'cannot connect to NATS',
  'connection refused',
  'the server\'s certificate was signed by a CA that is not trusted (nats-tls-ca-cert names what to trust)',
  'the server\'s certificate is for another name',
  'the server does not offer TLS',
  'NATS refuses the login',
  'the server refused the credentials',
  'the seed of the nkey is damaged (nats-creds, nats-nkey)',
  'a file is read for the operator\'s servers only',
  'is not among the options that containers may set, allow at',
  'NATS does not permit this user to publish to the subject: its lines are dropped',
];

test('what the READMEs quote from the log of the driver is what the program says', (t) => {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).map((path) => readFileSync(join(ROOT, path), 'utf8'));
  const source = files.join('').replaceAll('\\\'', '\'');
  for (const text of quotations) {
    t.true(source.includes(text), `the program does not say: ${text}`);
    for (const { path, spans } of readmes) t.true(spans.includes(text), `${path} does not quote: ${text}`);
  }
});

test('docs/metrics.md tells of every event that there is, and of no other', (t) => {
  const source = readFileSync(join(ROOT, 'src/core/events.ts'), 'utf8');
  const kinds = [...(/type EventKind =([^;]*);/.exec(source)?.[1] ?? '').matchAll(/'([a-z-]+)'/g)].map(([, kind]) => kind).sort();
  const { prose } = readPage('docs/metrics.md');
  const table = prose.slice(prose.indexOf('| event | when |'), prose.indexOf('## Prometheus'));
  const told = [...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, kind]) => kind)).sort();
  t.true(kinds.length > 15);
  t.deepEqual(told, kinds);
  const said = globSync('src/**/*.ts', { cwd: ROOT }).map((path) => readFileSync(join(ROOT, path), 'utf8')).join('');
  for (const kind of kinds) t.true(said.split(`'${kind}'`).length > 2, `${kind} is never told`);
});
