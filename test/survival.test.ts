import { rmSync } from 'node:fs';
import test from 'ava';
import type { SessionRecord } from '../src/journal/session-records.ts';
import { parseYaml } from '../src/options/document.ts';
import { loadSettings, type Settings } from '../src/options/resolve.ts';
import { planContainer, readContainer, type Plan } from '../src/plan.ts';
import { fromRecord, toRecord, withCredentials } from '../src/survival.ts';
import { makeSecretFolder } from './support/secret-folder.ts';

const OPERATOR = { NATS_SERVERS: 'nats://a.test:4222,nats://in:CANARY-url@b.test:4222', NATS_USER: 'operator', NATS_PASS: 'CANARY' };
const INFO = { ContainerID: 'a'.repeat(64), ContainerName: '/web', ContainerEnv: ['SECRET=CANARY', 'REGION=eu'], ContainerLabels: { tier: 'x' } };

function record(env: NodeJS.ProcessEnv, logOpts: Record<string, string>, yaml = '') {
  const settings = settingsFrom(env, yaml);
  const container = readContainer({ ...INFO, Config: { env: 'REGION', labels: 'tier', ...logOpts } });
  const plan = planContainer(settings, container, 'host');
  return { settings, plan, record: toRecord('/run/f', container, plan) };
}

/** The environment, and the rules of a text. */
function settingsFrom(env: NodeJS.ProcessEnv, yaml: string): Settings {
  return { ...loadSettings(env, []), rules: parseYaml(yaml, '/c.yaml').rules };
}

/** As a later process plans it. */
function planAgain(saved: Pick<SessionRecord, 'container'>, settings: Settings): Plan {
  return planContainer(settings, fromRecord(JSON.parse(JSON.stringify(saved, (_key, value: unknown) => value instanceof Map ? [...value] : value), (key, value: unknown) =>
    key === 'rendered' ? new Map(value as [string, string][]) : value) as Pick<SessionRecord, 'container'>), 'host');
}

test('a record holds no secret, neither of the plugin nor of the container', (t) => {
  for (const logOpts of [{}, { 'nats-user': 'u', 'nats-pass': 'CANARY' }, { 'nats-servers': 'u:CANARY@x.test' }, { 'nats-token': 'CANARY' }, { 'nats-jwt': 'eyJx.CANARY.x' }]) {
    t.notRegex(JSON.stringify(record(OPERATOR, logOpts).record), /CANARY/, JSON.stringify(logOpts));
  }
});

test('credentials of the plugin are put in again, those of a server for that server', (t) => {
  const { settings, plan, record: saved } = record(OPERATOR, {});
  t.deepEqual(saved.inherits, ['main']);
  t.deepEqual(planAgain(saved, settings).target, plan.target);
  t.deepEqual(withCredentials(saved.plan, settings).target, plan.target, 'also where the container cannot be planned again');
});

test('changed credentials of the plugin are taken over', (t) => {
  const { record: saved } = record(OPERATOR, {});
  const settings = loadSettings({ ...OPERATOR, NATS_PASS: 'rotated' }, []);
  t.deepEqual(planAgain(saved, settings).target.login.pass, { text: 'rotated' });
  t.deepEqual(withCredentials(saved.plan, settings).target.login.pass, { text: 'rotated' });
});

test('credentials that came with the container are missing, and their options are named', (t) => {
  const { settings, record: saved } = record({}, { 'nats-user': 'u', 'nats-pass': 'CANARY' });
  t.deepEqual(saved.container.omitted, ['nats-user', 'nats-pass']);
  t.is(planAgain(saved, settings).target.login.user, undefined);
  t.deepEqual(record({}, { 'nats-servers': 'u:CANARY@x.test' }).record.container.omitted, ['nats-servers']);
});

test('a container that was given no credentials of the plugin is given none after a restart', (t) => {
  const foreign = record(OPERATOR, { 'nats-servers': 'evil.test' });
  t.deepEqual(planAgain(foreign.record, foreign.settings).target.servers, [{ host: 'evil.test', port: 4222, tls: false }]);
  t.deepEqual(planAgain(foreign.record, foreign.settings).target.login, {});
  const own = record(OPERATOR, { 'nats-user': 'u', 'nats-pass': 'CANARY' });
  t.deepEqual(own.record.inherits, []);
  t.deepEqual(planAgain(own.record, own.settings).target.login, {}, 'its own are not known any more, and others are not for it');
});

test('files that came with the container are named in its record, and no container\'s secret is missing then', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const logOpts = { 'nats-servers': 'x.test', 'nats-user': 'u', 'nats-pass-file': put('pass', 'CANARY') };
  const { settings, plan, record: saved } = record({ NATS_SECRET_DIRS: dir }, logOpts);
  t.notRegex(JSON.stringify(saved), /CANARY/);
  t.deepEqual([saved.container.omitted, saved.inherits], [[], []]);
  t.deepEqual(planAgain(saved, settings).target, plan.target);
});

test('a file of the operator may be missing when a session is restored: it is read when it is needed', (t) => {
  const { dir, put } = makeSecretFolder(t);
  const env = { NATS_SECRET_DIRS: dir, NATS_TOKEN_FILE: put('token', 'CANARY') };
  const { record: saved, plan } = record(env, {});
  t.deepEqual(saved.inherits, ['main']);
  rmSync(env.NATS_TOKEN_FILE);
  t.deepEqual(planAgain(saved, loadSettings(env, [])).target, plan.target);
});

test('rules that were changed while the driver was away hold after a restart', (t) => {
  const { record: saved } = record({}, {}, 'rules: [{options: {nats-subject: before}}]');
  const after = planAgain(saved, settingsFrom({}, 'rules: [{match: {label: {tier: x}}, options: {nats-subject: "after.{{.Name}}"}, outputs: [{name: audit, nats-subject: audit}]}]'));
  t.deepEqual([after.subject, after.facts.attributes.get('REGION'), after.further.map(({ subject }) => subject)], ['after.web', 'eu', ['audit']]);
});

test('a template that prints what is not kept has the text that it had', (t) => {
  const template = '{{index .ContainerEnv 0}}';
  const { settings, plan, record: saved } = record({ TAG: template, NATS_SUBJECT: 'x' }, {});
  t.is(plan.facts.tag, 'SECRET=CANARY');
  t.is(planAgain(saved, settings).facts.tag, 'SECRET=CANARY');
  t.deepEqual(saved.container.info['ContainerEnv'], ['REGION=eu']);
});
