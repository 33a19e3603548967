import test from 'ava';
import { Ledger } from './ledger.ts';
import { blankLine, stamp } from './line.ts';

const BYTES = 100;

function line(container: number, number: number): string {
  const bytes = blankLine(BYTES);
  stamp(bytes, 0, container, number);
  return bytes.toString();
}

test('lines that all come, once and in order, leave nothing to say', (t) => {
  const ledger = new Ledger(BYTES);
  for (let number = 0; number < 3000; number++) ledger.receive('c0', line(0, number));
  t.is(ledger.missing([3000]), 0);
  t.deepEqual([ledger.twice, ledger.reordered, ledger.corrupted, ledger.examples], [0, 0, 0, []]);
  t.true(ledger.latency(0.99) < 1000);
});

test('a line that does not come is missing, and the first one is named', (t) => {
  const ledger = new Ledger(BYTES);
  for (const number of [0, 1, 3]) ledger.receive('c0', line(0, number));
  t.is(ledger.missing([5, 2]), 4);
  t.deepEqual(ledger.examples, ['lost: 2 of c0, the first is 2', 'lost: 2 of c1, the first is 0']);
});

test('a line that comes again is counted once more, and not as received', (t) => {
  const ledger = new Ledger(BYTES);
  for (const number of [0, 1, 0, 1, 2]) ledger.receive('c7', line(7, number));
  t.deepEqual([ledger.received(), ledger.received(7), ledger.twice, ledger.reordered], [3, 3, 2, 0]);
});

test('a line that comes after a later one of its container is out of order', (t) => {
  const ledger = new Ledger(BYTES);
  for (const number of [0, 2, 1]) ledger.receive('c0', line(0, number));
  ledger.receive('c1', line(1, 0));
  t.deepEqual([ledger.reordered, ledger.examples], [1, ['reordered: c0 1 after 2']]);
});

for (const [what, name, text] of [
  ['with another digit', 'c0', line(0, 1).replace('n=000000001', 'n=000000002')],
  ['with another character', 'c0', line(0, 1).replace('GET', 'PUT')],
  ['of another container', 'c1', line(0, 1)],
  ['that was cut', 'c0', line(0, 1).slice(0, -1)],
  ['that is none', 'c0', 'hello'],
] as const) {
  test(`a line ${what} is corrupted`, (t) => {
    const ledger = new Ledger(BYTES);
    ledger.receive(name, text);
    t.deepEqual([ledger.corrupted, ledger.received()], [1, 0]);
  });
}

test('a line that nobody wrote is an error', (t) => {
  const ledger = new Ledger(BYTES);
  ledger.receive('c0', line(0, 5));
  t.throws(() => ledger.missing([5]), { message: 'c0: line 5 came, 5 were written' });
});

test('a record of lines that were given up counts once, however often it comes', (t) => {
  const ledger = new Ledger(BYTES);
  const gap = { lines: 5, from: '2026-01-01T00:00:00.000000000Z', to: '2026-01-01T00:00:01.000000000Z' };
  ledger.tell('c0', gap);
  ledger.tell('c0', gap);
  ledger.tell('c1', gap);
  t.is(ledger.told, 10);
});
