import test from 'ava';
import { testsOfRows } from './support/failures.ts';

test('every failure of the catalogue is named by a test', (t) => {
  const tests = testsOfRows();
  t.is(tests.size, 39);
  t.deepEqual([...tests].filter(([, titles]) => titles.length === 0).map(([row]) => row), []);
});
