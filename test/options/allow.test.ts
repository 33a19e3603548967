import test from 'ava';
import { parseYaml } from '../../src/options/document.ts';
import { OptionError } from '../../src/options/option-error.ts';
import { resolveOptions, settingsOf } from '../../src/options/resolve.ts';
import { optionSchemas } from '../../src/options/schema.ts';

type Texts = Readonly<Record<string, string>>;

/** The text that `docker run` shows; undefined: the container starts. */
function refusal(yaml: string, logOpts: Texts): string | undefined {
  const reading = parseYaml(yaml, '/c.yaml');
  if (reading.problems.length > 0) throw new OptionError(reading.problems);
  try {
    resolveOptions(settingsOf(reading), logOpts);
    return undefined;
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return error.message;
  }
}

const LIST = 'defaults:\n  nats-subject: logs\nallow: [tag, labels*, nats-tls-*]\n';

test('what is on the list may be set, by name or glob', (t) => {
  t.is(refusal(LIST, { 'tag': 'x', 'labels': 'a', 'labels-regex': 'a', 'nats-tls-server-name': 'a.test' }), undefined);
});

test('what is not on the list refuses the start, and the text says where the list stands', (t) => {
  t.is(refusal(LIST, { 'nats-servers': 'evil.test' }), 'nats: nats-servers: is not among the options that containers may set, allow at /c.yaml:3:1 (log-opt)');
  t.is(refusal(LIST, { 'nats-user': 'me', 'nats-pass': 'CANARY', 'tag': 'x' }), [
    'nats: 2 problems in the options',
    'nats-user: is not among the options that containers may set, allow at /c.yaml:3:1 (log-opt)',
    'nats-pass: is not among the options that containers may set, allow at /c.yaml:3:1 (log-opt)',
  ].join('\n'));
});

test('an empty log-opt is not set, and may be there', (t) => {
  t.is(refusal(LIST, { 'nats-subject': '' }), undefined);
  t.regex(refusal('allow: [tag]', { 'nats-tls-skip-verify': '' }) ?? '', /^nats: nats-tls-skip-verify: is not among/, 'a bare one is');
});

test('the engine\'s own options may always be set', (t) => {
  const own = [...optionSchemas].filter(([, schema]) => schema['x-scope'] === 'daemon').map(([name]) => [name, 'x'] as const);
  t.is(refusal('allow: []', Object.fromEntries(own)), undefined);
});

test('without a list containers may set all options that concern one container; an empty list allows none of them', (t) => {
  for (const [name, schema] of optionSchemas) {
    if (schema['x-scope'] !== 'container') continue;
    const [value = ''] = schema.examples;
    t.notRegex(refusal('defaults: {}', { [name]: value }) ?? '', /is not among/, name);
    t.regex(refusal('allow: []', { [name]: value }) ?? '', new RegExp(`${name}: is not among the options`), name);
  }
});

test('a secret file that may not be named is not looked at', (t) => {
  t.is(refusal('allow: [tag]', { 'nats-token-file': '/nowhere/at/all' }), 'nats: nats-token-file: is not among the options that containers may set, allow at /c.yaml:1:1 (log-opt)');
});

test('defaults and rules of the operator are not bound by the list', (t) => {
  t.is(refusal('allow: [tag]\ndefaults: {nats-subject: logs, nats-servers: a.test}\nrules: [{options: {nats-oversize: drop}}]\n', {}), undefined);
});

const faults: readonly (readonly [yaml: string, text: string])[] = [
  ['allow: [tag, nats-sever]', 'allow: expected names of options that containers can set, or globs of them, got "nats-sever", did you mean nats-servers? (/c.yaml:1:14)'],
  ['allow: [nats-buffer]', 'allow: expected names of options that containers can set, or globs of them, got "nats-buffer", did you mean nats-user? (/c.yaml:1:9)'],
  ['allow: ["splunk-*"]', 'allow: expected names of options that containers can set, or globs of them, got "splunk-*" (/c.yaml:1:9)'],
  ['allow: tag', 'allow: expected a list of names of options, or globs of them (/c.yaml:1:1)'],
  ['allow:', 'allow: expected a list of names of options, or globs of them (/c.yaml:1:1)'],
  ['allow: [{tag: x}]', 'allow: expected a list of names of options, or globs of them (/c.yaml:1:1)'],
];

for (const [yaml, text] of faults) {
  test(`a list that is wrong is refused: ${yaml}`, (t) => {
    t.is(t.throws(() => refusal(yaml, {}), { instanceOf: OptionError }).message, `nats: ${text}`);
  });
}
