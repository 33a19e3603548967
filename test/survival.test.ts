import test from 'ava';
import { loadSettings } from '../src/options/resolve.ts';
import { planSession } from '../src/plan.ts';
import { fromRecord, toRecord } from '../src/survival.ts';

const OPERATOR = { NATS_SERVERS: 'nats://a.test:4222,nats://in:CANARY-url@b.test:4222', NATS_USER: 'operator', NATS_PASS: 'CANARY' };
const INFO = { ContainerID: 'a'.repeat(64), ContainerName: '/web', ContainerEnv: ['SECRET=CANARY', 'REGION=eu'], ContainerLabels: { tier: 'x' } };

function record(env: NodeJS.ProcessEnv, logOpts: Record<string, string>) {
  const settings = loadSettings(env, []);
  const plan = planSession(settings, { ...INFO, Config: { env: 'REGION', labels: 'tier', ...logOpts } }, 'host');
  return { settings, plan, record: toRecord('/run/f', plan) };
}

test('a record holds no secret, neither of the plugin nor of the container', (t) => {
  for (const logOpts of [{}, { 'nats-user': 'u', 'nats-pass': 'CANARY' }, { 'nats-servers': 'u:CANARY@x.test' }, { 'nats-token': 'CANARY' }]) {
    t.notRegex(JSON.stringify(record(OPERATOR, logOpts).record), /CANARY/, JSON.stringify(logOpts));
  }
});

test('credentials of the plugin are put in again, those of a server for that server', (t) => {
  const { settings, plan, record: saved } = record(OPERATOR, {});
  t.deepEqual(fromRecord(saved, settings).target, plan.target);
});

test('changed credentials of the plugin are taken over', (t) => {
  const { record: saved } = record(OPERATOR, {});
  t.is(fromRecord(saved, loadSettings({ ...OPERATOR, NATS_PASS: 'rotated' }, [])).target.pass, 'rotated');
});

test('credentials that came with the container are missing, and their options are named', (t) => {
  const { settings, record: saved } = record({}, { 'nats-user': 'u', 'nats-pass': 'CANARY' });
  t.deepEqual(saved.omitted, ['nats-user', 'nats-pass']);
  t.is(fromRecord(saved, settings).target.user, undefined);
  t.deepEqual(record({}, { 'nats-servers': 'u:CANARY@x.test' }).record.omitted, ['nats-servers']);
});

test('a container that was given no credentials of the plugin is given none after a restart', (t) => {
  const { settings, record: saved } = record(OPERATOR, { 'nats-servers': 'evil.test' });
  t.deepEqual(fromRecord(saved, settings).target.servers, [{ host: 'evil.test', port: 4222, tls: false }]);
  t.is(fromRecord(saved, settings).target.pass, undefined);
});
