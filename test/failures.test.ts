import test from 'ava';
import { testsOfFindings, testsOfRows } from './support/failures.ts';

test('every failure of the catalogue is named by a test', (t) => {
  const tests = testsOfRows();
  t.is(tests.size, 39);
  t.deepEqual([...tests].filter(([, titles]) => titles.length === 0).map(([row]) => row), []);
});

test('every finding of the doctor is provoked by a test that begins with its name', (t) => {
  t.deepEqual([...testsOfFindings()].filter(([, titles]) => titles.length === 0).map(([name]) => name), []);
});
