import test from 'ava';
import { Window, type Parcel } from '../../src/nats/window.ts';
import { tallyOf } from '../support/tally.ts';

function parcel(number: number, bytes: number, owner: string): Parcel<string> {
  return { number, bytes, shares: [{ owner, watermark: 1, tally: tallyOf({ messages: 1, lines: 1 }) }] };
}

test('the oldest parcels are confirmed first', (t) => {
  const window = new Window<string>();
  const parcels = [parcel(1, 10, 'a'), parcel(2, 20, 'b'), parcel(3, 30, 'c')] as const;
  for (const each of parcels) window.add(each);
  t.deepEqual([window.bytes, window.parcels], [60, 3]);
  t.deepEqual(window.confirm(2), [parcels[0], parcels[1]]);
  t.deepEqual([window.bytes, window.parcels], [30, 1]);
});

test('confirming nothing changes nothing', (t) => {
  const window = new Window<string>();
  window.add(parcel(1, 10, 'a'));
  t.deepEqual(window.confirm(0), []);
  t.is(window.bytes, 10);
});

test('after clear nothing is unconfirmed', (t) => {
  const window = new Window<string>();
  window.add(parcel(1, 10, 'a'));
  window.clear();
  t.deepEqual([window.bytes, window.parcels], [0, 0]);
  t.deepEqual(window.confirm(1), []);
});
