import test from 'ava';
import messageSchema from '../../schema/message.schema.json' with { type: 'json' };
import { ByteWriter } from '../../src/core/byte-writer.ts';
import type { ContainerFacts } from '../../src/core/plan.ts';
import type { Formatted, Gap, LogEntry } from '../../src/core/types.ts';
import { createJsonFormatter } from '../../src/formatters/json.ts';
import { createAjv } from '../../src/options/schema.ts';
import { entryOf } from '../stages/collector.ts';

const FACTS: ContainerFacts = {
  id: 'a7317399f3f8', name: 'web', imageId: 'sha256:7cfb', imageName: 'nginx:1.27', hostname: 'host', tag: 'the "tag"',
  attributes: new Map([['team', 'core'], ['quote', 'a"\\<b>\n'], ['text', 'mine'], ['truncated', '9'], ['__proto__', 'p']]),
};
const ENDLESS = 1024 * 1024;
const validate = createAjv().compile(messageSchema);

function format(entry: LogEntry, limit = ENDLESS, facts = FACTS): { formatted: Formatted; text: string } {
  const out = new ByteWriter(Buffer.alloc(64));
  const formatted = createJsonFormatter(facts).format(entry, out, limit);
  return { formatted, text: out.take().toString() };
}

test('the nine keys come first, in their order, then labels and environment, which never win over them', (t) => {
  const { formatted, text } = format(entryOf('hello', { source: 'stderr', seconds: 1_714_979_289, nanos: 123_456_789 }));
  t.is(formatted, 'whole');
  t.is(text, '{"container_id":"a7317399f3f8","container_name":"web","image_id":"sha256:7cfb","image_name":"nginx:1.27","hostname":"host",' +
    '"tag":"the \\"tag\\"","time":"2024-05-06T07:08:09.123456789Z","text":"hello","source":"stderr",' +
    '"team":"core","quote":"a\\"\\\\<b>\\n","__proto__":"p"}');
});

test('without labels and environment the message ends with its source', (t) => {
  t.true(format(entryOf('x'), ENDLESS, { ...FACTS, attributes: new Map() }).text.endsWith('"text":"x","source":"stdout"}'));
});

test('a piece of a long line says which one it is', (t) => {
  const { text } = format(entryOf('x', { partial: { id: 'ab12', ordinal: 3, last: false } }));
  t.true(text.includes('"source":"stdout","partial_id":"ab12","partial_ordinal":3,"partial_last":false,"team"'), text);
});

test('a message that does not fit is cut in its text and says how long the line was', (t) => {
  const size = format(entryOf('x'.repeat(100))).text.length;
  t.is(format(entryOf('x'.repeat(100)), size).formatted, 'whole', 'it fits exactly');
  const { formatted, text } = format(entryOf('x'.repeat(100)), size - 1);
  t.is(formatted, 'truncated');
  t.is(text.length, size - 1);
  t.like(JSON.parse(text), { truncated: 100, text: 'x'.repeat(100 - 1 - ',"truncated":100'.length) });
});

test('a limit that the message meets in the middle of a character takes the characters before it', (t) => {
  const fixed = format(entryOf('')).text.length + ',"truncated":40'.length;
  for (let room = 0; room < 39; room++) {
    const { formatted, text } = format(entryOf('😀'.repeat(10)), fixed + room);
    if (room >= 40 - ',"truncated":40'.length) {
      t.is(formatted, 'whole');
      break;
    }
    t.is(formatted, 'truncated');
    t.is(JSON.parse(text).text, '😀'.repeat(Math.floor(room / 4)));
  }
});

test('where not even the fixed parts fit, nothing is written', (t) => {
  const out = new ByteWriter(Buffer.alloc(64));
  out.append(Buffer.from('kept'));
  const formatter = createJsonFormatter(FACTS);
  t.is(formatter.format(entryOf('x'.repeat(100)), out, 50), 'too-large');
  t.is(formatter.format(entryOf('x'.repeat(100)), out, 0), 'too-large');
  t.is(formatter.format(entryOf(''), out, 50), 'too-large');
  t.is(out.take().toString(), 'kept');
});

test('the text may be cut to nothing', (t) => {
  const fixed = format(entryOf('')).text.length + ',"truncated":1000'.length;
  const { formatted, text } = format(entryOf('x'.repeat(1000)), fixed);
  t.deepEqual([formatted, JSON.parse(text).text], ['truncated', '']);
});

const AT = { seconds: 1_714_979_289, nanos: 5 };
const records: readonly [string, Gap, string, string][] = [
  ['lines that were given up', { end: 9, reason: 'overflow', lines: 3, bytes: 40, from: AT, to: AT },
    '3 lines (40 bytes) between 2024-05-06T07:08:09.000000005Z and 2024-05-06T07:08:09.000000005Z were lost: overflow',
    '{"lines":3,"bytes":40,"from":"2024-05-06T07:08:09.000000005Z","to":"2024-05-06T07:08:09.000000005Z","reason":"overflow"}'],
  ['bytes that the disk does not give back', { end: 9, reason: 'unreadable', bytes: 40, to: AT },
    'lines (40 bytes) before 2024-05-06T07:08:09.000000005Z were lost: unreadable', '{"bytes":40,"to":"2024-05-06T07:08:09.000000005Z","reason":"unreadable"}'],
  ['a kill', { end: 9, reason: 'crash', to: AT },
    'lines before 2024-05-06T07:08:09.000000005Z may be missing, how many is not known: crash', '{"to":"2024-05-06T07:08:09.000000005Z","reason":"crash"}'],
];

for (const [what, gap, said, fields] of records) {
  test(`the record of ${what} says what is known, to people and to programs`, (t) => {
    const out = new ByteWriter(Buffer.alloc(64));
    t.is(createJsonFormatter({ ...FACTS, attributes: new Map() }).formatGap(gap, out, ENDLESS), 'whole');
    const text = out.take().toString();
    t.true(text.endsWith(`"time":"2024-05-06T07:08:09.000000005Z","text":"${said}","source":"driver","gap":${fields}}`), text);
    t.deepEqual(validate(JSON.parse(text)) ? [] : validate.errors, []);
  });
}
