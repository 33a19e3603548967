import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import configSchema from '../../schema/config.schema.json' with { type: 'json' };
import { parseYaml } from '../../src/options/document.ts';
import { loadSettings } from '../../src/options/resolve.ts';
import { isAllowedIn, optionSchemas } from '../../src/options/schema.ts';
import { planSession } from '../../src/plan.ts';
import { SAMPLE_INFO } from '../support/info.ts';

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(configSchema);
const folder = new URL('../../config/', import.meta.url);
const COMPOSE: readonly string[] = ['compose.yaml', 'swarm-stack.yaml'];
/** Prometheus's, see test/server/rules.test.ts. */
const OTHERS: readonly string[] = ['alert-rules.yaml', ...COMPOSE];
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !OTHERS.includes(name));

test('there are files to look at', (t) => {
  t.true(files.includes('default.yaml') && files.length >= 3);
});

for (const name of files) {
  const text = readFileSync(new URL(name, folder), 'utf8');

  test(`config/${name} is read without a problem`, (t) => {
    t.deepEqual(parseYaml(text, name).problems, []);
  });

  test(`config/${name} is what the schema for editors describes`, (t) => {
    t.true(validate(parse(text)), JSON.stringify(validate.errors));
  });
}

interface Compose { readonly services: Readonly<Record<string, { readonly logging: { readonly driver: string; readonly options: Readonly<Record<string, string>> } }>> }

for (const name of COMPOSE) {
  test(`the driver accepts the log-opts of config/${name}`, (t) => {
    const { services } = parse(readFileSync(new URL(name, folder), 'utf8'), { merge: true }) as Compose;
    const labels = { ...SAMPLE_INFO.ContainerLabels, 'com.docker.swarm.service.name': 'shop_web' };
    for (const { logging } of Object.values(services)) {
      t.is(logging.driver, 'nats');
      const { subject } = planSession(loadSettings({}, []), { ...SAMPLE_INFO, ContainerLabels: labels, Config: logging.options }, 'docker-host-1');
      t.regex(subject, /^logs\.(shop\.web|shop_web)$/);
    }
  });
}

test('config/default.yaml, with every option uncommented, sets every option that a file can set', (t) => {
  const text = readFileSync(new URL('default.yaml', folder), 'utf8').replaceAll(/^ {2}#(?=[a-z])/gm, '  ');
  const { layer, problems } = parseYaml(text, 'default.yaml');
  t.deepEqual(problems, []);
  const settable = [...optionSchemas].filter(([, schema]) => isAllowedIn('yaml', schema)).map(([name]) => name);
  t.deepEqual([...layer.values.keys()].toSorted(), settable.toSorted());
  for (const [name, schema] of optionSchemas) {
    const isShown = schema.default !== undefined && schema.default !== '' && layer.values.has(name);
    if (isShown) t.deepEqual(layer.values.get(name)?.value, schema.default, name);
  }
  t.true(validate(parse(text)), JSON.stringify(validate.errors));
});
