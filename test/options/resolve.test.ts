import test from 'ava';
import { loadSettings, resolveOptions, type ResolvedOptions } from '../../src/options/resolve.ts';
import { isAllowedIn, optionSchemas } from '../../src/options/schema.ts';
import { OptionError } from '../../src/options/option-error.ts';
import { withFile } from '../support/temporary-file.ts';

type Texts = Readonly<Record<string, string>>;

function resolve(logOpts: Texts, env: Texts = {}): ResolvedOptions {
  return resolveOptions(loadSettings(env, []), logOpts);
}

test('without any configuration, all options have their defaults', (t) => {
  const { options, servers, tls, origins, warnings } = resolve({});
  t.deepEqual(options, {
    'labels': '', 'labels-regex': '', 'env': '', 'env-regex': '', 'tag': '{{.ID}}', 'nats-format': 'json',
    'nats-servers': ['localhost:4222'], 'nats-log-http-tail': 'local', 'nats-log-http-containers': 200, 'nats-service': true, 'nats-events-subject': 'docker-nats-log-driver.events', 'nats-max-reconnect': -1, 'nats-connect-timeout': 4000, 'nats-reconnect-wait': 10_000, 'nats-ping-interval': 5000, 'nats-inbox-prefix': '_INBOX',
    'nats-secret-dirs': ['/srv', '/etc/nats-log-driver', '/run/secrets', '/run/credentials/nats-log-driver.service', '/root/.config/nats'],
    'nats-tls-skip-verify': false, 'nats-tls-handshake-first': false, 'nats-transport': 'core',
    'nats-buffer-size': 33_554_432, 'nats-buffer': 'disk', 'nats-buffer-disk-size': 1_073_741_824, 'nats-buffer-sync': 'none', 'nats-stream-create': false,
    'nats-overflow': 'drop-oldest', 'nats-block-timeout': 5000, 'nats-oversize': 'split',
    'nats-window-size': 2_097_152, 'log-level': 'info',
  });
  t.deepEqual(servers, [{ host: 'localhost', port: 4222, tls: false }]);
  t.is(tls, undefined);
  t.true([...origins.values()].every(({ origin }) => origin === 'default'));
  t.deepEqual(warnings, []);
});

test('a log-opt beats a plugin setting, which beats the YAML file, which beats the default', async (t) => {
  const yaml = 'defaults:\n  nats-servers: yaml\n  labels: yaml\n  nats-subject: yaml\n';
  await withFile(yaml, (path) => {
    const settings = loadSettings({ NATS_CONFIG: path, NATS_SERVERS: 'environment', LABELS: 'environment' });
    const { options, origins } = resolveOptions(settings, { 'nats-servers': 'log-opt' });
    t.deepEqual(options['nats-servers'], ['log-opt']);
    t.deepEqual([options['labels'], options['nats-subject'], options.tag], ['environment', 'yaml', '{{.ID}}']);
    t.deepEqual(['nats-servers', 'labels', 'nats-subject', 'tag'].map((name) => origins.get(name)), [
      { origin: 'log-opt', value: 'log-opt' },
      { origin: 'plugin setting LABELS', value: 'environment' },
      { origin: `${path}:4:3`, value: 'yaml' },
      { origin: 'default', value: '{{.ID}}' },
    ]);
  });
});

const typed: readonly (readonly [title: string, logOpts: Texts, option: string, value: unknown])[] = [
  ['an integer', { 'nats-max-reconnect': '10' }, 'nats-max-reconnect', 10],
  ['an integer between blanks', { 'nats-max-reconnect': ' -1 ' }, 'nats-max-reconnect', -1],
  ['a comma-separated list', { 'nats-servers': 'a, b ,,c' }, 'nats-servers', ['a', 'b', 'c']],
  ['label keys, without the blanks around them', { labels: 'a, b' }, 'labels', 'a,b'],
  ['a password, with the blanks around it', { 'nats-user': 'me', 'nats-pass': ' p, w ' }, 'nats-pass', ' p, w '],
  ['a bare nats-tls-skip-verify', { 'nats-tls-skip-verify': '' }, 'nats-tls-skip-verify', true],
  ['an empty tag, which is not set', { tag: '' }, 'tag', '{{.ID}}'],
  ['an empty subject, which is not set', { 'nats-subject': '' }, 'nats-subject', undefined],
  ['an empty number, which is not set', { 'nats-max-reconnect': '' }, 'nats-max-reconnect', -1],
];

for (const [title, logOpts, option, value] of typed) {
  test(`a log-opt becomes a typed value: ${title}`, (t) => {
    t.deepEqual((resolve(logOpts).options as unknown as Record<string, unknown>)[option], value);
  });
}

for (const [text, value] of Object.entries({ true: true, 1: true, yes: true, TRUE: true, false: false, 0: false, no: false })) {
  test(`nats-tls-skip-verify=${text} means ${value}`, (t) => {
    t.is(resolve({ 'nats-tls-skip-verify': text }).options['nats-tls-skip-verify'], value);
  });
}

test('sizes come from plugin settings', (t) => {
  t.is(resolve({}, { NATS_BUFFER_SIZE: '64m' }).options['nats-buffer-size'], 67_108_864);
});

test('an empty plugin setting is not set, not even nats-tls-skip-verify', (t) => {
  const { options, tls } = resolve({}, { NATS_SERVERS: '', NATS_TLS_SKIP_VERIFY: '', NATS_CONFIG: '' });
  t.deepEqual(options['nats-servers'], ['localhost:4222']);
  t.is(tls, undefined);
});

test('an empty log-opt falls back to the plugin setting', (t) => {
  t.is(resolve({ tag: '' }, { TAG: '{{.Name}}' }).options.tag, '{{.Name}}');
});

test('what only the engine reads is accepted and left out', (t) => {
  const names = [...optionSchemas].filter(([, schema]) => schema['x-scope'] === 'daemon').map(([name]) => name);
  t.is(names.length, 14);
  const { options, origins } = resolve(Object.fromEntries(names.map((name) => [name, 'anything'])));
  t.deepEqual(options, resolve({}).options);
  t.false(names.some((name) => origins.has(name)));
});

test('origins name every option that has a value, and no other', (t) => {
  const { options, origins } = resolve({ 'nats-subject': 'docker.logs' });
  t.deepEqual([...origins.keys()], Object.keys(options));
});

test('options cannot be changed', (t) => {
  const { options, servers } = resolve({});
  t.true(Object.isFrozen(options) && Object.isFrozen(options['nats-servers']) && Object.isFrozen(servers) && Object.isFrozen(servers[0]));
});

const tlsCases: readonly [title: string, logOpts: Texts, isTls: boolean, skipVerify: boolean][] = [
  ['a plain server alone', { 'nats-servers': 'nats://a' }, false, false],
  ['one tls:// among others', { 'nats-servers': 'nats://a,tls://b' }, true, false],
  ['nats-tls-skip-verify', { 'nats-tls-skip-verify': '' }, true, true],
  ['nats-tls-skip-verify=false', { 'nats-tls-skip-verify': 'false' }, true, false],
];

for (const [title, logOpts, isTls, skipVerify] of tlsCases) {
  test(`${title} makes TLS ${isTls ? 'mandatory' : 'no duty'}`, (t) => {
    const { servers, tls } = resolve(logOpts);
    t.true(servers.every((server) => server.tls === isTls));
    t.deepEqual(tls, isTls ? { handshakeFirst: false, skipVerify } : undefined);
  });
}

test('skipping verification is warned of, with the origin', (t) => {
  t.deepEqual(resolve({}, { NATS_TLS_SKIP_VERIFY: 'true' }).warnings, [
    'nats-tls-skip-verify: any server certificate is accepted (plugin setting NATS_TLS_SKIP_VERIFY)',
  ]);
});

test('variables that look like settings and are none are warned of, without their values; others are ignored', (t) => {
  const { warnings } = loadSettings({ NATS_SEVERS: 'secret', NATS_: 'secret', HOME: '/root', MODE: 'x' }, []);
  t.deepEqual(warnings, ['NATS_SEVERS: unknown plugin setting, did you mean NATS_SERVERS?', 'NATS_: unknown plugin setting']);
});

test('at most twenty unknown variables are listed', (t) => {
  const env = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`NATS_X${index}`, 'x']));
  t.is(loadSettings(env, []).warnings.length, 20);
});

test('settings of the plugin itself can be read before any container starts', (t) => {
  t.is(loadSettings({ LOG_LEVEL: 'debug' }, []).options['log-level'], 'debug');
});

test('a wrong plugin setting is told when the plugin starts', (t) => {
  const error = t.throws(() => loadSettings({ LOG_LEVEL: 'loud', NATS_SERVERS: 'ftp://x' }, []), { instanceOf: OptionError });
  t.is(error.message, [
    'nats: 2 problems in the options',
    'nats-servers: expected nats://, tls:// or a bare host:port, got "ftp://x" (plugin setting NATS_SERVERS)',
    'log-level: expected error, warn, info or debug, got "loud" (plugin setting LOG_LEVEL)',
  ].join('\n'));
});

test('every option of the plugin is refused as a log-opt', (t) => {
  for (const [name, schema] of optionSchemas) {
    if (isAllowedIn('log-opt', schema)) continue;
    t.throws(() => resolve({ [name]: '1' }), { instanceOf: OptionError, message: /concerns the whole plugin/ });
  }
});
