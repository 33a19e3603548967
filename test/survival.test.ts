import { rmSync } from 'node:fs';
import test from 'ava';
import { loadSettings } from '../src/options/resolve.ts';
import { planSession } from '../src/plan.ts';
import { fromRecord, toRecord } from '../src/survival.ts';
import { makeSecretFolder } from './support/secret-folder.ts';

const OPERATOR = { NATS_SERVERS: 'nats://a.test:4222,nats://in:CANARY-url@b.test:4222', NATS_USER: 'operator', NATS_PASS: 'CANARY' };
const INFO = { ContainerID: 'a'.repeat(64), ContainerName: '/web', ContainerEnv: ['SECRET=CANARY', 'REGION=eu'], ContainerLabels: { tier: 'x' } };

function record(env: NodeJS.ProcessEnv, logOpts: Record<string, string>) {
  const settings = loadSettings(env, []);
  const plan = planSession(settings, { ...INFO, Config: { env: 'REGION', labels: 'tier', ...logOpts } }, 'host');
  return { settings, plan, record: toRecord('/run/f', plan) };
}

test('a record holds no secret, neither of the plugin nor of the container', (t) => {
  for (const logOpts of [{}, { 'nats-user': 'u', 'nats-pass': 'CANARY' }, { 'nats-servers': 'u:CANARY@x.test' }, { 'nats-token': 'CANARY' }, { 'nats-jwt': 'eyJx.CANARY.x' }]) {
    t.notRegex(JSON.stringify(record(OPERATOR, logOpts).record), /CANARY/, JSON.stringify(logOpts));
  }
});

test('credentials of the plugin are put in again, those of a server for that server', (t) => {
  const { settings, plan, record: saved } = record(OPERATOR, {});
  t.deepEqual(fromRecord(saved, settings).target, plan.target);
});

test('changed credentials of the plugin are taken over', (t) => {
  const { record: saved } = record(OPERATOR, {});
  t.deepEqual(fromRecord(saved, loadSettings({ ...OPERATOR, NATS_PASS: 'rotated' }, [])).target.login.pass, { text: 'rotated' });
});

test('credentials that came with the container are missing, and their options are named', (t) => {
  const { settings, record: saved } = record({}, { 'nats-user': 'u', 'nats-pass': 'CANARY' });
  t.deepEqual(saved.omitted, ['nats-user', 'nats-pass']);
  t.is(fromRecord(saved, settings).target.login.user, undefined);
  t.deepEqual(record({}, { 'nats-servers': 'u:CANARY@x.test' }).record.omitted, ['nats-servers']);
});

test('a container that was given no credentials of the plugin is given none after a restart', (t) => {
  const { settings, record: saved } = record(OPERATOR, { 'nats-servers': 'evil.test' });
  t.deepEqual(fromRecord(saved, settings).target.servers, [{ host: 'evil.test', port: 4222, tls: false }]);
  t.is(fromRecord(saved, settings).target.login.pass, undefined);
});

test('files that came with the container are named in its record, and no container\'s secret is missing then', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const logOpts = { 'nats-servers': 'x.test', 'nats-user': 'u', 'nats-pass-file': put('pass', 'CANARY') };
  const { settings, plan, record: saved } = record({ NATS_SECRET_DIRS: dir }, logOpts);
  t.notRegex(JSON.stringify(saved), /CANARY/);
  t.deepEqual([saved.omitted, saved.inherits], [[], false]);
  t.deepEqual(fromRecord(saved, settings).target, plan.target);
});

test('a file of the operator may be missing when a session is restored: it is read when it is needed', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const env = { NATS_SECRET_DIRS: dir, NATS_TOKEN_FILE: put('token', 'CANARY') };
  const { record: saved, plan } = record(env, {});
  t.true(saved.inherits);
  rmSync(env.NATS_TOKEN_FILE);
  t.deepEqual(fromRecord(saved, loadSettings(env, [])).target, plan.target);
});
