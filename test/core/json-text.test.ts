import test from 'ava';
import fc from 'fast-check';
import { ByteWriter } from '../../src/core/byte-writer.ts';
import { cutJsonText, writeJsonText } from '../../src/core/json-text.ts';

const SEED = 20261122;

function written(bytes: Uint8Array, start = 0, end = bytes.length): Buffer {
  const out = new ByteWriter(Buffer.alloc(64));
  writeJsonText(bytes, start, end, out);
  return out.take();
}

/** The plain version of the same. */
function oracle(bytes: Uint8Array): string {
  return JSON.stringify(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)).slice(1, -1);
}

/** Whole and broken sequences of UTF-8: every boundary of table 3-7 of the Unicode Standard. */
const edge = fc.constantFrom(
  'c0', 'c1', 'c2', 'df', 'e0', 'ed', 'ef', 'f0', 'f4', 'f5', 'ff', '80', '8f', '90', '9f', 'a0', 'bf', '7f', '00', '1f', '22', '5c',
  'c280', 'dfbf', 'c0af', 'e0a080', 'e09fbf', 'ed9fbf', 'eda080', 'edbfbf', 'ee8080', 'efbfbf', 'efbbbf', 'efbfbd', 'e280a8', 'e280a9',
  'f0908080', 'f08fbfbf', 'f48fbfbf', 'f4908080', 'f0908', 'e2', 'e280', 'f09f', 'f09f98', 'f09f9880', '0a', '0d', '09', '08', '0c', '0b',
).map((hex) => Buffer.from(hex, 'hex'));
const heavyOnUtf8 = fc.array(fc.oneof(edge, fc.uint8Array({ maxLength: 3 })), { maxLength: 40 }).map((parts) => Buffer.concat(parts));
const anyBytes = fc.oneof(heavyOnUtf8, fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)));

test('any bytes are written as JSON.stringify writes what TextDecoder makes of them', (t) => {
  fc.assert(fc.property(anyBytes, (bytes) => written(bytes).toString() === oracle(bytes)), { seed: SEED, numRuns: 5000 });
  t.pass();
});

test('every pair of bytes is written as JSON.stringify writes it', (t) => {
  const bytes = Buffer.alloc(2);
  let wrong = '';
  for (let pair = 0; pair < 65_536 && wrong === ''; pair++) {
    bytes.writeUInt16BE(pair);
    if (written(bytes).toString() !== oracle(bytes)) wrong = bytes.toString('hex');
  }
  t.is(wrong, '');
});

test('only the given range is read: a sequence never reaches beyond its end', (t) => {
  const bytes = Buffer.from('a😀b');
  t.is(written(bytes, 1, 5).toString(), '😀');
  t.is(written(bytes, 0, 3).toString(), 'a\ufffd');
  t.is(written(bytes, 2, 6).toString(), '\ufffd\ufffd\ufffdb');
  t.is(written(bytes, 3, 3).toString(), '');
});

test('a long line is the same wherever the blocks that it is written in meet', (t) => {
  for (const unit of ['😀', '\u0000', 'é"', 'ab\\']) {
    for (let shift = 0; shift < 4; shift++) {
      const bytes = Buffer.from('x'.repeat(shift) + unit.repeat(5000));
      t.true(written(bytes).toString() === oracle(bytes), `${JSON.stringify(unit)} shifted by ${shift}`);
    }
  }
});

test('a cut splits no escape and no character, and takes all that fits', (t) => {
  fc.assert(
    fc.property(anyBytes, fc.nat(400), (bytes, limit) => {
      const text = written(bytes);
      const at = cutJsonText(text, 0, Math.min(limit, text.length));
      const cut = text.subarray(0, at);
      const whole = JSON.parse(`"${text}"`) as string;
      const parsed = JSON.parse(`"${cut}"`) as string;
      // The next character would not have fitted.
      const next = whole.slice(parsed.length)[Symbol.iterator]().next();
      const nextSize = next.done ? Number.POSITIVE_INFINITY : Buffer.byteLength(JSON.stringify(next.value)) - 2;
      return whole.startsWith(parsed) && !cut.toString().includes('\ufffd'.repeat(1 + count(whole, '\ufffd'))) &&
        at <= limit && at + nextSize > Math.min(limit, text.length);
    }),
    { seed: SEED, numRuns: 3000 },
  );
  t.pass();
});

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

test('a text is cut in front of what does not fit', (t) => {
  const text = Buffer.from('a\\u0000\\n😀');
  const cuts = Array.from({ length: text.length + 1 }, (_, limit) => cutJsonText(text, 0, limit));
  t.deepEqual(cuts, [0, 1, 1, 1, 1, 1, 1, 7, 7, 9, 9, 9, 9, 13]);
});
