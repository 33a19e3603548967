import test from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPage, ROOT } from '../support/pages.ts';
import { stepsOf } from '../walkthrough/walk.ts';

test('every block of docs/fleet.md is a step of npm run walkthrough', (t) => {
  const steps = stepsOf(readFileSync(join(ROOT, 'docs/fleet.md'), 'utf8')).filter(({ kind }) => kind !== 'heading');
  t.deepEqual(steps.map(({ text }) => text), readPage('docs/fleet.md').blocks.map(({ body }) => body));
  t.true(steps.filter(({ kind }) => kind === 'commands').length > 10);
  t.true(steps.filter(({ kind }) => kind === 'left out').every(({ about }) => about.length > 10), 'what is not run says why');
});
