import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compile, PRODUCT } from '../../kernel/generate.ts';

test('the compiled line kernel is what its source says', (t) => {
  const current = readFileSync(join(import.meta.dirname, '../..', PRODUCT), 'utf8');
  t.true(current === compile(), `${PRODUCT} is stale: run npm run generate`);
});
