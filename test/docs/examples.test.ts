import test from 'ava';
import { parse } from 'yaml';
import messageSchema from '../../schema/message.schema.json' with { type: 'json' };
import { parseYaml } from '../../src/options/document.ts';
import { loadSettings } from '../../src/options/resolve.ts';
import { createAjv } from '../../src/options/schema.ts';
import { planSession } from '../../src/plan.ts';
import { SAMPLE_INFO } from '../support/info.ts';
import { pages } from '../support/pages.ts';
import type { Block } from '../support/pages.ts';

/** What the driver makes of the options of an example; throws OptionError. */
function start(logOpts: Readonly<Record<string, string>>): void {
  planSession(loadSettings({}, []), { ...SAMPLE_INFO, Config: logOpts }, 'docker-host-1');
}

/** The parts of an example that are known; which of them are there says what it is. */
interface Example {
  readonly rules?: unknown;
  readonly defaults?: object;
  readonly services?: Readonly<Record<string, { readonly logging?: { readonly options: Readonly<Record<string, string>> } }>>;
  readonly 'log-opts'?: Readonly<Record<string, string>>;
  readonly container_id?: string;
}

type Kind = 'configuration file' | 'message' | 'Compose' | 'daemon.json' | 'other';

function kindOf(example: Example): Kind {
  if (example.defaults !== undefined || example.rules !== undefined) return 'configuration file';
  if (example.container_id !== undefined) return 'message';
  if (example.services !== undefined) return 'Compose';
  return example['log-opts'] === undefined ? 'other' : 'daemon.json';
}

/** undefined: the block is no data. */
function parseExample({ language, body }: Block): Example | undefined {
  if (language === 'json') return JSON.parse(body) as Example;
  return language === 'yaml' ? parse(body) as Example : undefined;
}

const examples = pages.flatMap(({ path, blocks }) => blocks.flatMap((block) => {
  const example = parseExample(block);
  return example === undefined ? [] : [{ path, body: block.body, example, kind: kindOf(example) }];
}));

function of(kind: Kind): typeof examples {
  return examples.filter((example) => example.kind === kind);
}

test('there is an example of each kind in both languages', (t) => {
  for (const kind of ['configuration file', 'message', 'Compose', 'daemon.json'] as const) {
    const paths = of(kind).map(({ path }) => path);
    t.true(paths.some((path) => path.includes('zh-CN')) && paths.some((path) => !path.includes('zh-CN')), `an example of ${kind}`);
  }
});

test('the driver accepts each configuration file that the pages show', (t) => {
  for (const { path, body } of of('configuration file')) t.deepEqual(parseYaml(body, path).problems, []);
});

test('the driver accepts the log-opts of each Compose file and daemon.json that the pages show', (t) => {
  const options = [...of('Compose'), ...of('daemon.json')].flatMap(({ path, example }) => [
    ...Object.values(example.services ?? {}).flatMap(({ logging }) => logging === undefined ? [] : [{ path, logOpts: logging.options }]),
    ...(example['log-opts'] === undefined ? [] : [{ path, logOpts: example['log-opts'] }]),
  ]);
  for (const { path, logOpts } of options) t.notThrows(() => start(logOpts), path);
});

const validateMessage = createAjv().compile(messageSchema);

test('each message that the pages show is one by its schema, its keys in their order', (t) => {
  for (const { path, example } of of('message')) {
    t.true(validateMessage(example), `${path}: ${JSON.stringify(validateMessage.errors)}`);
    t.deepEqual(Object.keys(example).slice(0, messageSchema.required.length), messageSchema.required);
  }
});
