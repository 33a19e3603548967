import test from 'ava';
import { tallyOf } from './ava.ts';

test('a run without failures counts its tests', (t) => {
  t.deepEqual(tallyOf('\n  ✔ a › one\n  ✔ a › two\n  ─\n\n  2 tests passed\n', 0), { passed: 2, failed: 0 });
});

test('colours do not matter', (t) => {
  t.deepEqual(tallyOf('  \u001b[32m✔\u001b[39m one\n  ─\n\n  \u001b[32m1 test passed\u001b[39m\n', 0), { passed: 1, failed: 0 });
});

test('everything that did not pass is a failure', (t) => {
  const closing = '  1 test failed\n  2 tests skipped\n  1 uncaught exception\n  3 tests remained pending after a timeout\n';
  t.deepEqual(tallyOf(`  ✔ one\n  ✘ [fail]: two\n  ─\n\n${closing}`, 1), { passed: 1, failed: 7 });
});

test('a run that broke without a word is a failure', (t) => {
  t.deepEqual(tallyOf('  ✔ one\n', null), { passed: 1, failed: 1 });
});

test('a run without tests is a failure', (t) => {
  t.deepEqual(tallyOf('', 0), { passed: 0, failed: 1 });
});
