/** Findings that cannot be provoked here; the others are in test/integration/doctor.test.ts. */
import test from 'ava';
import { checkAllDescriptors } from '../../src/cli/doctor/host.ts';
import { isPermitted } from '../../src/cli/doctor/nats.ts';
import { judge } from '../../src/cli/doctor/stream.ts';
import type { StreamReport } from '../../src/nats/probe.ts';
import { toTarget } from '../../src/plan.ts';
import { loadSettings, resolveOptions } from '../../src/options/resolve.ts';

const STREAM: StreamReport = {
  name: 'LOGS', subjects: ['logs.>'], storage: 'file', replicas: 1, discardsNew: false, isSealed: false, isAcknowledged: true,
  duplicateWindowMs: 120_000, maxAgeMs: 0, fill: 0,
};
const target = toTarget(resolveOptions(loadSettings({}, []), {}));

function judged(change: Partial<StreamReport>): string[] {
  return [...judge({ ...STREAM, ...change }, 'logs.web', target, 1_000_000)].map(({ check, result, detail }) => `${check} ${result}: ${detail}`);
}

test('a sealed stream takes nothing', (t) => {
  t.true(judged({ isSealed: true }).includes('stream failed: LOGS is sealed: it takes nothing any more'));
});

test('a clock that differs from the server\'s is told of', (t) => {
  t.true(judged({ serverTime: new Date(Date.now() - 3_600_000) }).includes('clock warning: this host is 1h ahead of the server'));
  t.true(judged({ serverTime: new Date(Date.now() + 60_500) }).some((line) => /^clock warning: this host is 1m( 1s)? behind the server$/.test(line)));
  t.true(judged({ serverTime: new Date() }).includes('clock ok: as the clock of the server'));
  t.true(judged({}).some((line) => line.startsWith('clock skipped: ')));
});

test('descriptors of the whole machine that are nearly used up', (t) => {
  t.is(checkAllDescriptors('95\t0\t100\n').result, 'warning');
  t.is(checkAllDescriptors('604\t0\t9223372036854775807\n').detail, '604 of any number on the whole machine');
});

test('permissions: what is denied wins, what is not listed is allowed where there is no list', (t) => {
  const who = { user: 'a', account: 'A' };
  t.true(isPermitted({ ...who, denied: [] }, 'logs.web'));
  t.true(isPermitted({ ...who, allowed: ['logs.>'], denied: [] }, 'logs.web'));
  t.false(isPermitted({ ...who, allowed: ['logs.>'], denied: ['*.web'] }, 'logs.web'));
  t.false(isPermitted({ ...who, allowed: [], denied: [] }, 'logs.web'));
});
