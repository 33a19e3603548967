import test from 'ava';
import { lasting } from '../../src/core/lasting.ts';

test('bytes that last are copies in one block, which no other bytes share', (t) => {
  const source = Buffer.from('head');
  const [head, tail] = lasting(source, Buffer.from('tail'));
  source.fill(0);
  t.deepEqual([head.toString(), tail.toString()], ['head', 'tail']);
  t.is(head.buffer, tail.buffer);
  t.is(head.buffer.byteLength, 8);
});
