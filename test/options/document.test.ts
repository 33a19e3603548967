/** Rules in a configuration document: what is understood, and where what is wrong stands. */
import test from 'ava';
import { parseYaml, type DocumentReading } from '../../src/options/document.ts';
import { matches, type Matchable } from '../../src/options/match.ts';
import { OptionError } from '../../src/options/option-error.ts';

const WEB: Matchable = {
  name: 'shop-web-1', image: 'registry.example.com/shop/web:1.2', tag: () => 'shop/web',
  labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web', 'team': 'storefront' },
};
const TASK: Matchable = { name: 'pay_api.1.x7', image: 'api', tag: () => undefined, labels: { 'com.docker.swarm.service.name': 'pay_api', 'com.docker.stack.namespace': 'pay' } };

function read(text: string): DocumentReading {
  return parseYaml(text, '/c.yaml');
}

function problems(text: string): string[] {
  const found = read(text).problems;
  return found.length === 0 ? [] : new OptionError(found).message.split('\n');
}

const matching: readonly (readonly [match: string, web: boolean, task: boolean])[] = [
  ['{}', true, true],
  ['{name: shop-*}', true, false],
  ['{name: [nobody, "*web*"]}', true, false],
  ['{image: "*/shop/*:1.?"}', true, false],
  ['{tag: shop/*}', true, false],
  ['{tag: "*"}', true, false],
  ['{project: shop}', true, false],
  ['{project: pay}', false, true],
  ['{service: web}', true, false],
  ['{service: pay_*}', false, true],
  ['{label: {team: store*}}', true, false],
  ['{label: {team: "*", "com.docker.compose.project": [x, shop]}}', true, false],
  ['{label: {missing: "*"}}', false, false],
  ['{label: {__proto__: "*"}}', false, false],
  ['{name: shop-*, service: db}', false, false],
  ['{name: shop-*, service: web, label: {team: storefront}}', true, false],
];

for (const [match, web, task] of matching) {
  test(`match: ${match} is for ${[web ? 'the shop' : '', task ? 'the task' : ''].filter((name) => name !== '').join(' and ') || 'neither'}`, (t) => {
    const { rules: [rule], problems: wrong } = read(`rules:\n  - match: ${match}\n`);
    t.deepEqual(wrong, []);
    t.deepEqual([matches(rule!.match, WEB), matches(rule!.match, TASK)], [web, task]);
  });
}

test('a rule without match is for all containers', (t) => {
  t.true(matches(read('rules:\n  - options: {tag: x}\n').rules[0]!.match, TASK));
});

test('options, force and outputs know their places', (t) => {
  const { rules } = read(`rules:
  - options: {labels: a}
  - match: {name: x}
    options:
      nats-subject: one
    force:
      nats-transport: core
    outputs:
      - name: audit
        nats-subject: two
      - nats-subject: three
`);
  const rule = rules[1]!;
  t.is(rule.options.values.get('nats-subject')?.origin, '/c.yaml:5:7 (rule 2)');
  t.is(rule.force.values.get('nats-transport')?.origin, '/c.yaml:7:7 (rule 2)');
  t.is(rule.outputs[0]?.name, 'audit');
  t.is(rule.outputs[0]?.layer.values.get('nats-subject')?.origin, '/c.yaml:10:9 (rule 2, output audit)');
  t.is(rule.outputs[1]?.layer.values.get('nats-subject')?.origin, '/c.yaml:11:9 (rule 2)');
});

test('an output without a name is called by what it says, wherever it stands, and without its secrets', (t) => {
  const name = (output: string, before = ''): string | undefined => read(`rules:\n${before}  - outputs:\n      - ${output}\n`).rules.at(-1)?.outputs[0]?.name;
  const first = name('{nats-subject: a, nats-servers: b}');
  t.regex(first ?? '', /^[0-9a-f]{8}$/);
  t.is(name('{nats-servers: b, nats-subject: a}', '  - options: {tag: x}\n'), first);
  t.not(name('{nats-subject: b, nats-servers: b}'), first);
  t.is(name('{nats-subject: a, nats-user: u, nats-pass: one}'), name('{nats-subject: a, nats-user: u, nats-pass: two}'));
});

test('an option without a value is unset in an output', (t) => {
  const { rules, problems: wrong } = read('rules:\n  - outputs:\n      - {nats-subject: a, nats-tls-ca-cert: }\n');
  t.deepEqual(wrong, []);
  t.deepEqual([...rules[0]!.outputs[0]!.unset], ['nats-tls-ca-cert']);
});

test('anchors may share what rules have in common', (t) => {
  const { rules, problems: wrong } = read(`rules:
  - match: {name: a}
    options: &common {nats-subject: x}
  - match: {name: b}
    options: *common
`);
  t.deepEqual(wrong, []);
  t.is(rules[1]?.options.values.get('nats-subject')?.value, 'x');
});

const bad: readonly [yaml: string, problem: string][] = [
  ['rules: {}\n', 'rules: expected a list of rules (/c.yaml:1:1)'],
  ['rules:\n  - x\n', 'rules: expected a rule with the keys match, options, force, outputs (/c.yaml:2:5 (rule 1))'],
  ['rules:\n  - {}\n  - matches: {}\n', 'matches: unknown key, did you mean match? (/c.yaml:3:5 (rule 2))'],
  ['rules:\n  - match: web\n', 'match: expected a map with the keys name, image, project, service, tag, label (/c.yaml:2:5 (rule 1))'],
  ['rules:\n  - match: {nam: web}\n', 'nam: unknown key, did you mean name? (/c.yaml:2:13 (rule 1))'],
  ['rules:\n  - match: {name: {a: b}}\n', 'name: expected a glob or a list of globs (/c.yaml:2:13 (rule 1))'],
  ['rules:\n  - match: {name: []}\n', 'name: expected a glob or a list of globs (/c.yaml:2:13 (rule 1))'],
  ['rules:\n  - match: {label: team}\n', 'label: expected a map of label keys and globs (/c.yaml:2:13 (rule 1))'],
  ['rules:\n  - match: {label: {team: [[x]]}}\n', '"label team": expected a glob or a list of globs (/c.yaml:2:21 (rule 1))'],
  ['rules:\n  - options: [x]\n', 'options: expected a map of options (/c.yaml:2:5 (rule 1))'],
  ['rules:\n  - options: {nats-sever: x}\n', 'nats-sever: unknown option, did you mean nats-servers? (/c.yaml:2:15 (rule 1))'],
  ['rules:\n  - force: {nats-format: xml}\n', 'nats-format: expected json, got "xml" (/c.yaml:2:13 (rule 1))'],
  [
    'rules:\n  - options: {log-level: debug}\n',
    'log-level: concerns the whole plugin, set it with "docker plugin set nats LOG_LEVEL=…" or under defaults in the YAML file (/c.yaml:2:15 (rule 1))',
  ],
  ['rules:\n  - outputs: {}\n', 'outputs: expected a list of maps of options (/c.yaml:2:5 (rule 1))'],
  ['rules:\n  - outputs: [x]\n', 'outputs: expected a map of options (/c.yaml:2:15 (rule 1))'],
  [
    'rules:\n  - outputs:\n    - {name: main, tag: x}\n',
    'name: expected up to 32 letters, digits and hyphens other than main, got "main" (/c.yaml:3:8 (rule 1))',
  ],
  [
    'rules:\n  - outputs:\n    - {name: "a b", tag: x}\n',
    'name: expected up to 32 letters, digits and hyphens other than main, got "a b" (/c.yaml:3:8 (rule 1))',
  ],
  [
    'rules:\n  - outputs:\n    - {name: a, tag: x}\n    - {name: a, tag: y}\n',
    'outputs: another output of this rule has the name a (/c.yaml:4:7 (rule 1, output a))',
  ],
  [
    'rules:\n  - outputs:\n    - {nats-overflow: block}\n',
    'nats-overflow: concerns all outputs of the container, set it under options (/c.yaml:3:8 (rule 1))',
  ],
];

for (const [yaml, problem] of bad) {
  test(`C2: ${JSON.stringify(yaml)} is refused: ${problem}`, (t) => t.deepEqual(problems(yaml), [`nats: ${problem}`]));
}

test('all problems of all rules are told at once', (t) => {
  t.is(problems('defaults: {tga: x}\nrules:\n  - options: {nats-format: x}\n    outputs: [{name: "?"}]\n  - match: {x: y}\n').length, 5);
});
