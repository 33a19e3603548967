import test from 'ava';
import { CLEAN, Oracle } from './oracle.ts';

function written(count: number): { oracle: Oracle; texts: string[] } {
  const oracle = new Oracle();
  return { oracle, texts: oracle.write('web', count) };
}

test('lines that all come in their order are a clean verdict', (t) => {
  const { oracle, texts } = written(3);
  for (const text of texts) oracle.receive('web', text);
  t.deepEqual(oracle.verdict(), CLEAN);
  t.is(oracle.received(), 3);
});

test('a line that never comes is lost', (t) => {
  const { oracle, texts } = written(4);
  for (const text of texts.toSpliced(1, 2)) oracle.receive('web', text);
  t.deepEqual(oracle.verdict(), { ...CLEAN, lost: 2, examples: ['lost: 2 of web, 1 … 2'] });
  t.deepEqual(oracle.missing('web'), [1, 2]);
});

test('lines that come again are duplicates and neither lost nor reordered', (t) => {
  const { oracle, texts } = written(3);
  for (const text of [...texts.slice(0, 2), ...texts]) oracle.receive('web', text);
  t.deepEqual(oracle.verdict(), CLEAN);
  t.is(oracle.duplicates, 2);
});

test('a line that comes for the first time after a later one is reordered', (t) => {
  const { oracle, texts } = written(3);
  for (const text of texts.toReversed()) oracle.receive('web', text);
  t.is(oracle.verdict().reordered, 2);
});

test('the order counts within a container only', (t) => {
  const oracle = new Oracle();
  const [web, db] = [oracle.write('web', 2), oracle.write('db', 2)];
  for (const at of [0, 1]) {
    oracle.receive('db', db[at] ?? '');
    oracle.receive('web', web[at] ?? '');
  }
  t.deepEqual(oracle.verdict(), CLEAN);
});

test('a changed byte, a cut line, a line of another container and one never written are corrupted', (t) => {
  const { oracle, texts: [text = ''] } = written(1);
  const [, unwritten = ''] = new Oracle().write('web', 2);
  for (const changed of [`${text.slice(0, -1)}?`, text.slice(0, -1), '', unwritten]) oracle.receive('web', changed);
  oracle.receive('db', text);
  t.is(oracle.verdict().corrupted, 5);
  t.is(oracle.verdict().lost, 1);
});
