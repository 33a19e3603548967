import test from 'ava';
import fc from 'fast-check';
import { OptionError } from '../../src/options/option-error.ts';
import { loadSettings, resolveOptions } from '../../src/options/resolve.ts';
import { parseYaml } from '../../src/options/document.ts';

type Texts = Readonly<Record<string, string>>;

/** Everything that may be shown of these options, whether they are accepted or refused. */
function shown(logOpts: Texts, env: Texts = {}): string {
  try {
    const { origins, warnings } = resolveOptions(loadSettings(env, []), logOpts);
    return JSON.stringify([[...origins], warnings]);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return `${error.stack} ${JSON.stringify(error.problems)} ${error.message}`;
  }
}

const cases: readonly [title: string, logOpts: Texts, env?: Texts][] = [
  ['a password', { 'nats-user': 'me', 'nats-pass': 'CANARY' }],
  ['a password without a user', { 'nats-pass': 'CANARY' }],
  ['a token', { 'nats-token': 'CANARY' }],
  ['a token that conflicts', { 'nats-token': 'CANARY', 'nats-user': 'me' }],
  ['a password that is too long', { 'nats-user': 'me', 'nats-pass': 'CANARY'.repeat(1000) }],
  ['credentials', { 'nats-creds': 'CANARY' }],
  ['the seed of an nkey', { 'nats-nkey': 'SUCANARY' }],
  ['a JWT', { 'nats-jwt': 'eyJ.CANARY.x' }],
  ['a bearer token', { 'nats-jwt': 'eyJ.CANARY.x', 'nats-nkey': 'CANARY', 'nats-token': 'CANARY' }],
  ['a seed in a plugin setting', {}, { NATS_NKEY: 'CANARY', NATS_CREDS: 'CANARY', NATS_JWT: 'CANARY' }],
  ['a password in an address', { 'nats-servers': 'nats://me:CANARY@host,tls://me:CANARY@other' }],
  ['a token in an address', { 'nats-servers': 'CANARY@host' }],
  ['a password in a wrong address', { 'nats-servers': 'http://me:CANARY@host' }],
  ['a password in an address with a wrong port', { 'nats-servers': 'nats://me:CANARY@host:x' }],
  ['a password with a comma in it', { 'nats-servers': 'nats://me:CANARY,CANARY@host' }],
  ['a password with a slash in it', { 'nats-servers': 'nats://me:CANARY/CANARY@host' }],
  ['an address without its host', { 'nats-servers': 'nats://me:CANARY' }],
  ['the value of an unknown option', { 'nats-password': 'CANARY' }],
  ['the value of an option in the wrong place', { 'nats-config': 'CANARY' }],
  ['a secret in a plugin setting', {}, { NATS_USER: 'me', NATS_PASS: 'CANARY' }],
  ['a wrong address in a plugin setting', {}, { NATS_SERVERS: 'me:CANARY@host:0' }],
  ['the value of an unknown variable', {}, { NATS_PASSWORD: 'CANARY' }],
];

for (const [title, logOpts, env] of cases) {
  test(`nobody is shown ${title}`, (t) => t.false(shown(logOpts, env).includes('CANARY')));
}

test('masked values still tell that there is one', (t) => {
  const { origins } = resolveOptions(loadSettings({}, []), { 'nats-user': 'me', 'nats-pass': 'secret', 'nats-servers': 'me:secret@host' });
  t.deepEqual(origins.get('nats-pass'), { origin: 'log-opt', value: '***' });
  t.deepEqual(origins.get('nats-servers'), { origin: 'log-opt', value: 'me:***@host' });
});

const broken = [
  'defaults:\n  nats-pass: "CANARY\n', 'defaults:\n  nats-pass: [CANARY]\n', 'defaults:\n  nats-pass: {CANARY: x}\n', 'CANARY', '[CANARY]',
  'defaults:\n  nats-pass: a\n  nats-pass: CANARY\n', 'defaults:\n  nats-pass: x\n CANARY\n', 'defaults:\n  nats-pass: *CANARY\n',
  'defaults:\n  nats-pass: !CANARY x\n', 'defaults:\n  nats-pass: x CANARY: y\n', 'defaults: {nats-pass: CANARY', 'a\nb: CANARY',
];

for (const text of broken) {
  test(`a broken file shows no secret: ${JSON.stringify(text)}`, (t) => {
    const { problems } = parseYaml(text, '/c.yaml');
    t.true(problems.length > 0);
    t.false(new OptionError(problems).message.includes('CANARY'));
  });
}

test('no secret is ever shown, whatever stands around it', (t) => {
  const scrap = fc.string({ unit: fc.constantFrom('a', '1', ':', '/', '@', ',', ' ', '%', '[', ']', '.', '-', '\n', '"'), maxLength: 8 });
  fc.assert(fc.property(scrap, scrap, fc.constantFrom('nats-pass', 'nats-token', 'nats-creds', 'nats-nkey', 'nats-jwt'), (before, after, name) => {
    t.false(shown({ [name]: `${before}CANARY${after}` }).includes('CANARY'));
    t.false(shown({ 'nats-servers': `nats://me:CANARY${after.replaceAll(',', '')}@host${before}` }).includes('CANARY'));
  }));
});
