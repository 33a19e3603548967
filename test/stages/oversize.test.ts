import fc from 'fast-check';
import test from 'ava';
import { split } from '../../src/stages/oversize.ts';
import { entryOf } from './collector.ts';

interface Pieces {
  readonly texts: string[];
  readonly partials: unknown[];
  readonly count: number;
}

function pieces(line: string | Uint8Array, limit: number, facts = {}): Pieces {
  const texts: string[] = [];
  const partials: unknown[] = [];
  const count = split(entryOf(line, facts), ({ bytes, start, end, partial }) => {
    if (end - start > limit) return false;
    texts.push(Buffer.from(bytes.subarray(start, end)).toString());
    partials.push(partial);
    return true;
  });
  return { texts, partials, count };
}

test('N10: a line that is too long comes in pieces that are numbered, with the last one marked', (t) => {
  const { texts, partials, count } = pieces('abcdefghij'.repeat(10), 50, { offset: 100 });
  t.is(texts.join(''), 'abcdefghij'.repeat(10));
  t.is(count, 3);
  t.deepEqual(partials, [
    { id: '2s', ordinal: 1, last: false }, { id: '2s', ordinal: 2, last: false }, { id: '2s', ordinal: 3, last: true },
  ]);
});

test('a piece of a longer line is split under an id of its own, and is not the end of the line', (t) => {
  const { partials } = pieces('x'.repeat(100), 60, { partial: { id: 'ab', ordinal: 2, last: false } });
  t.deepEqual(partials.at(-1), { id: 'ab.2', ordinal: 3, last: false });
});

test('where not even a small piece fits nothing is written', (t) => {
  t.is(pieces('x'.repeat(100), 3).count, 0);
});

test('no character is cut in two, and every byte is in one piece, whatever the text and the limit', (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary', minLength: 40, maxLength: 300 }), fc.integer({ min: 20, max: 200 }), (text, limit) => {
    const line = text.toWellFormed();
    const { texts } = pieces(line, limit);
    return texts.join('') === line;
  }), { numRuns: 1000 });
  t.pass();
});
