import test from 'ava';
import { convert, formatValue } from '../../src/options/convert.ts';
import { environmentName, optionGroups, optionSchemas, schemaErrors, type OptionSchema } from '../../src/options/schema.ts';

const all = [...optionSchemas];

test('every default is a valid value of its option', (t) => {
  const defaults = all.flatMap(([name, schema]) => (schema.default === undefined ? [] : [[name, schema.default] as const]));
  t.deepEqual(schemaErrors(Object.fromEntries(defaults)), []);
});

test('every default survives being written as a text and read again', (t) => {
  for (const [name, schema] of all) {
    if (schema.default !== undefined) t.deepEqual(convert(formatValue(schema.default, schema), schema), schema.default, name);
  }
});

test('every example is a valid text for its option', (t) => {
  for (const [name, schema] of all) {
    for (const example of schema.examples) t.deepEqual(schemaErrors({ [name]: convert(example, schema) }), [], `${name}=${example}`);
  }
});

test('every option is described in both languages, in a known group, with an example', (t) => {
  const groups = optionGroups.map(({ name }) => name);
  for (const [name, schema] of all) {
    t.regex(schema.description, /^[A-Z`].*\.$/, name);
    t.regex(schema['x-description-zh'], /\p{Script=Han}.*。$/u, name);
    t.true(groups.includes(schema['x-group']), name);
    t.true(schema.examples.length > 0, name);
  }
});

test('x-needs and x-conflicts name options that exist', (t) => {
  for (const [name, schema] of all) {
    for (const other of [...schema['x-needs'] ?? [], ...schema['x-conflicts'] ?? []]) t.true(optionSchemas.has(other), `${name}: ${other}`);
  }
});

test('no two options share a name in the environment', (t) => {
  t.is(new Set(all.map(([name]) => environmentName(name))).size, all.length);
});

test('sizes and durations have a least and a greatest value', (t) => {
  const numbers = all.filter(([, schema]: readonly [string, OptionSchema]) => schema.type === 'integer');
  t.true(numbers.length > 0);
  for (const [name, { minimum, maximum }] of numbers) t.true(minimum !== undefined && maximum !== undefined, name);
});

test('the original thirteen options, and those of every driver of the engine, are there', (t) => {
  const names = [
    'labels', 'env', 'tag', 'nats-servers', 'nats-max-reconnect', 'nats-subject', 'nats-user', 'nats-pass', 'nats-token',
    'nats-tls-ca-cert', 'nats-tls-cert', 'nats-tls-key', 'nats-tls-skip-verify', 'labels-regex', 'env-regex',
  ];
  t.deepEqual(names.filter((name) => optionSchemas.get(name)?.['x-scope'] !== 'container'), []);
});
