import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import configSchema from '../../schema/config.schema.json' with { type: 'json' };
import { isAllowedIn, optionSchemas } from '../../src/options/schema.ts';
import { parseYaml } from '../../src/options/document.ts';

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(configSchema);
const folder = new URL('../../config/', import.meta.url);
/** Prometheus's, see test/server/rules.test.ts. */
const OTHERS: readonly string[] = ['alert-rules.yaml'];
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
