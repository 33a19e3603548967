/** What is judged by words alone; all findings are provoked in test/integration/doctor-*.test.ts and test/e2e/command-line.test.ts. */
import test from 'ava';
import { isPermitted } from '../../src/cli/doctor/nats.ts';

test('permissions: what is denied wins, what is not listed is allowed where there is no list', (t) => {
  const who = { user: 'a', account: 'A' };
  t.true(isPermitted({ ...who, denied: [] }, 'logs.web'));
  t.true(isPermitted({ ...who, allowed: ['logs.>'], denied: [] }, 'logs.web'));
  t.false(isPermitted({ ...who, allowed: ['logs.>'], denied: ['*.web'] }, 'logs.web'));
  t.false(isPermitted({ ...who, allowed: [], denied: [] }, 'logs.web'));
});
