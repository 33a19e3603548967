import test from 'ava';
import messageSchema from '../../schema/message.schema.json' with { type: 'json' };
import { createAjv } from '../../src/options/schema.ts';

const validate = createAjv().compile(messageSchema);
const message: Record<string, unknown> = {
  container_id: 'a7317399f3f8', container_name: 'web', image_id: 'sha256:7cfbbec8963d', image_name: 'busybox', hostname: 'host',
  tag: 'a7317399f3f8', time: '2026-03-14T15:09:26.535897932Z', text: 'hello', source: 'stdout',
};

test('a plain message is valid, with labels and without', (t) => {
  t.true(validate(message));
  t.true(validate({ ...message, 'com.example.team': 'core', EMPTY: '' }));
});

test('the example of the schema is valid and has its keys in the documented order', (t) => {
  const [example = {}] = messageSchema.examples;
  t.true(validate(example));
  t.deepEqual(Object.keys(example).slice(0, 9), messageSchema.required);
  t.deepEqual(Object.keys(messageSchema.properties).slice(0, 9), messageSchema.required);
});

test('a piece of a long line and a truncated line are valid', (t) => {
  t.true(validate({ ...message, partial_id: 'x', partial_ordinal: 1, partial_last: false }));
  t.true(validate({ ...message, truncated: 2_000_000 }));
});

for (const key of messageSchema.required) {
  test(`a message without ${key} is not valid`, (t) => {
    const { [key]: _, ...rest } = message;
    t.false(validate(rest));
  });
}

const wrong: readonly [string, object][] = [
  ['a time with milliseconds only', { time: '2026-03-14T15:09:26.535Z' }],
  ['a time without zone', { time: '2026-03-14T15:09:26.535897932' }],
  ['another source', { source: 'stdin' }],
  ['a label that is no text', { label: 5 }],
  ['truncated to nothing', { truncated: 0 }],
  ['a partial id alone', { partial_id: 'x' }],
];

for (const [title, change] of wrong) {
  test(`a message with ${title} is not valid`, (t) => {
    t.false(validate({ ...message, ...change }));
  });
}
