import test from 'ava';
import { isReady, problemsOf, type ProblemKind } from '../../src/core/readiness.ts';
import type { DriverStatus } from '../../src/core/status.ts';
import { at, connectionOf, NOW, sessionOf, statusOf } from '../support/status.ts';

const memory = { bytes: 0, limit_bytes: 1000 };
const disk = { bytes: 0, limit_bytes: 1000, is_failing: false };

const cases: readonly [title: string, change: Partial<DriverStatus>, kinds: readonly ProblemKind[]][] = [
  ['a driver without containers is ready', {}, []],
  ['a connection that is up is ready', { connections: [connectionOf()] }, []],
  ['a refused configuration is a problem', { configuration: { loaded_at: at(0), in_force: false, loads: 0, refusals: 1, error: 'nats: …' } }, ['configuration-refused']],
  ['sessions without their credentials are a problem', { sessions: [sessionOf('web', { state: 'parked' })] }, ['sessions-parked']],
  ['NATS may be away for 30 s', { connections: [connectionOf({ state: 'disconnected', since: at(-30) })] }, []],
  ['NATS that is away for longer is a problem', { connections: [connectionOf({ state: 'disconnected', since: at(-31) })] }, ['disconnected']],
  ['so is a login that is refused for longer', { connections: [connectionOf({ state: 'auth-failed', since: at(-31) })] }, ['disconnected']],
  ['a connection that nobody uses is none', { connections: [connectionOf({ state: 'disconnected', since: at(-99), outputs: 0 })] }, []],
  ['giving up is a problem at once', { connections: [connectionOf({ state: 'gave-up', since: at(0) })] }, ['gave-up']],
  ['a journal that is 80 % full is well', { journal: { disk: { ...disk, bytes: 800 }, memory, oldest_age_seconds: 9 } }, []],
  ['a journal that is fuller is a problem', { journal: { disk: { ...disk, bytes: 801 }, memory, oldest_age_seconds: 9 } }, ['journal-filling']],
  ['so is one whose disk has little left', { journal: { disk: { ...disk, bytes: 90, available_bytes: 20 }, memory, oldest_age_seconds: 9 } }, ['journal-filling']],
  ['a full disk that no line is on is none', { journal: { disk: { ...disk, available_bytes: 0 }, memory, oldest_age_seconds: 0 } }, []],
  ['memory that is full is a problem', { journal: { memory: { bytes: 900, limit_bytes: 1000 }, oldest_age_seconds: 9 } }, ['journal-filling']],
  ['a disk that does not take lines is a problem', { journal: { disk: { ...disk, is_failing: true }, memory, oldest_age_seconds: 0 } }, ['journal-failing']],
];

for (const [title, change, kinds] of cases) {
  test(title, (t) => {
    const problems = problemsOf(statusOf(change), NOW);
    t.deepEqual(problems.map(({ kind }) => kind), kinds);
    t.is(isReady(problems), kinds.length === 0);
  });
}

test('a problem says what, where and for how long', (t) => {
  const connections = [connectionOf({ state: 'disconnected', since: at(-90), reason: 'connection refused' })];
  t.deepEqual(problemsOf(statusOf({ connections }), NOW), [
    { kind: 'disconnected', severity: 'error', message: 'for 90 s not connected to nats://nats-1:4222: connection refused' },
  ]);
});

test('a refused edit is told, and the driver is ready: the last good configuration is in force', (t) => {
  const problems = problemsOf(statusOf({ configuration: { loaded_at: at(0), in_force: true, loads: 1, refusals: 1, error: 'nats: …' } }), NOW);
  t.deepEqual(problems, [{ kind: 'change-refused', severity: 'warning', message: 'nats: …' }]);
  t.true(isReady(problems));
});
