/** Which layer gives each option of a container its value, rules included. */
import test from 'ava';
import { OptionError } from '../src/options/option-error.ts';
import { loadSettings } from '../src/options/resolve.ts';
import { planSession, type Plan } from '../src/plan.ts';
import { SAMPLE_INFO } from './support/info.ts';
import { withFile } from './support/temporary-file.ts';

async function plan(yaml: string, logOpts: Readonly<Record<string, string>> = {}, env: NodeJS.ProcessEnv = {}): Promise<Plan & { path: string }> {
  return withFile(yaml, (path) =>
    ({ ...planSession(loadSettings({ ...env, NATS_CONFIG: path }), { ...SAMPLE_INFO, Config: logOpts }, 'host'), path }));
}

test('each layer beats those before it: default, defaults, plugin setting, rule, log-opt, force', async (t) => {
  const yaml = `defaults: {labels: yaml, env: yaml, env-regex: yaml, labels-regex: yaml, nats-subject: yaml}
rules:
  - options: {env-regex: rule, labels-regex: rule, nats-subject: rule}
    force: {nats-subject: forced}
`;
  const { resolved: { origins }, path } = await plan(yaml, { 'labels-regex': 'opt', 'nats-subject': 'opt' }, { ENV: 'set', ENV_REGEX: 'set', LABELS_REGEX: 'set', NATS_SUBJECT: 'set' });
  t.deepEqual(['tag', 'labels', 'env', 'env-regex', 'labels-regex', 'nats-subject'].map((name) => origins.get(name)), [
    { origin: 'default', value: '{{.ID}}' },
    { origin: `${path}:1:12`, value: 'yaml' },
    { origin: 'plugin setting ENV', value: 'set' },
    { origin: `${path}:3:15 (rule 1)`, value: 'rule' },
    { origin: 'log-opt', value: 'opt' },
    { origin: `${path}:4:13 (rule 1)`, value: 'forced' },
  ]);
});

test('later rules win over earlier ones, and those that do not match say nothing', async (t) => {
  const { subject, facts } = await plan(`rules:
  - options: {nats-subject: first, tag: first}
  - match: {service: web}
    options: {nats-subject: "second.{{.Name}}"}
  - match: {service: db}
    options: {nats-subject: third, tag: third}
    force: {tag: third}
`);
  t.is(subject, 'second.shop-web-1');
  t.is(facts.tag, 'first');
});

test('a rule may ask for the tag, as it is without rules', async (t) => {
  const yaml = 'defaults: {tag: "{{.Name}}"}\nrules:\n  - match: {tag: shop-*}\n    options: {tag: changed, nats-subject: found}\n';
  const { subject, facts } = await plan(yaml);
  t.deepEqual([subject, facts.tag], ['found', 'changed']);
  t.is((await plan(yaml, { tag: 'other' })).subject, 'other');
});

test('a template that is wrong in a rule is told with the place of the rule', async (t) => {
  const error = await t.throwsAsync(plan('rules:\n  - options:\n      tag: "{{.Nonsense}}"\n'), { instanceOf: OptionError });
  t.regex(error.message, /^nats: tag: .*:3:7 \(rule 1\)\)$/);
});

test('servers that a rule forces get the operator\'s credentials, and none of the container', async (t) => {
  const yaml = 'defaults: {nats-user: operator, nats-pass: CANARY}\nrules:\n  - force: {nats-servers: forced}\n';
  const foreign = await plan(yaml, { 'nats-servers': 'foreign' });
  t.deepEqual([foreign.target.servers[0]?.host, foreign.target.login.user], ['forced', 'operator']);
  t.is((await plan(yaml.replace('force', 'options'), { 'nats-servers': 'foreign' })).target.login.user, undefined);
});
