import test from 'ava';
import { encodeFrame, entriesOf } from './log-entry.ts';
import type { Entry } from './log-entry.ts';

const timeNano = 1714979289123456789n;

const frames: readonly [title: string, entry: Entry, hex: string][] = [
  [
    'a plain line',
    { source: 'stdout', timeNano, line: Buffer.from('hi') },
    '000000160a067374646f757410958eeceabb92b5e6171a026869',
  ],
  ['an empty line', { source: 'stderr', timeNano, line: Buffer.alloc(0) }, '000000120a0673746465727210958eeceabb92b5e617'],
  [
    'the first piece of a cut line',
    { source: 'stdout', timeNano, line: Buffer.from('hello'), partial: { last: false, id: 'ab12', ordinal: 1 } },
    '000000250a067374646f757410958eeceabb92b5e6171a0568656c6c6f20012a081204616231321801',
  ],
  [
    'the last piece of a cut line',
    { source: 'stdout', timeNano, line: Buffer.from('x'), partial: { last: true, id: 'ab12', ordinal: 2 } },
    '000000230a067374646f757410958eeceabb92b5e6171a017820012a0a08011204616231321802',
  ],
  [
    'bytes that are not UTF-8',
    { source: 'stdout', timeNano, line: Buffer.from([0xff, 0xfe, 0]) },
    '000000170a067374646f757410958eeceabb92b5e6171a03fffe00',
  ],
];

for (const [title, entry, hex] of frames) {
  test(`the fake engine encodes ${title} as the real one does`, (t) => {
    t.is(encodeFrame(entry).toString('hex'), hex);
  });
}

const x = (count: number): string => 'x'.repeat(count);

// length, or length:last:ordinal of each piece
const cuts: readonly [title: string, output: string, pieces: string][] = [
  ['no output at all', '', ''],
  ['two lines', 'a\nbc\n', '1 2'],
  ['an empty line between others', 'a\n\nb\n', '1 0 1'],
  ['an end without newline', 'hello', '5:false:1'],
  ['16383 bytes', `${x(16383)}\n`, '16383'],
  ['16384 bytes', `${x(16384)}\n`, '16384:false:1 0:true:2'],
  ['20000 bytes', `${x(20000)}\n`, '16384:false:1 3616:true:2'],
  ['32768 bytes', `${x(32768)}\n`, '16384:false:1 16384:false:2 0:true:3'],
  ['20000 bytes without newline', x(20000), '16384:false:1 3616:false:2'],
  ['16384 bytes without newline', x(16384), '16384:false:1'],
];

for (const [title, output, pieces] of cuts) {
  test(`the fake engine cuts ${title} as the real one does`, (t) => {
    const shown = entriesOf('stdout', output).map(({ line, partial }) =>
      partial === undefined ? `${line.length}` : `${line.length}:${partial.last}:${partial.ordinal}`,
    );
    t.is(shown.join(' '), pieces);
  });
}
