import test from 'ava';
import fc from 'fast-check';
import { OptionError, quote } from '../../src/options/option-error.ts';
import { loadSettings, resolveOptions } from '../../src/options/resolve.ts';

type Texts = Readonly<Record<string, string>>;

const ANYWHERE = { NATS_SECRET_DIRS: '/' };

/** The text that `docker run` shows; undefined when the options are fine. */
function refusal(logOpts: Texts, env: Texts = {}): string | undefined {
  const settings = loadSettings(env, []);
  try {
    resolveOptions(settings, logOpts);
    return undefined;
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    return error.message;
  }
}

const HINT = 'a managed plugin sees only the files below its mount, /srv';

const single: readonly [logOpts: Texts, text: string, env?: Texts][] = [
  [{ 'nats-sever': 'x' }, 'nats-sever: unknown option, did you mean nats-servers? (log-opt)'],
  [{ NATS_SERVERS: 'x' }, 'NATS_SERVERS: unknown option, did you mean nats-servers? (log-opt)'],
  [{ servers: 'x' }, 'servers: unknown option, did you mean nats-servers? (log-opt)'],
  [{ lables: 'x' }, 'lables: unknown option, did you mean labels? (log-opt)'],
  [{ 'splunk-token': 'x' }, 'splunk-token: unknown option (log-opt)'],
  [{ 'gelf-compression-type': 'x' }, 'gelf-compression-type: unknown option (log-opt)'],
  [{ '': 'x' }, '"": unknown option (log-opt)'],
  [{ 'a\nb': 'x' }, '"a\\nb": unknown option (log-opt)'],
  [{ 'nats-max-reconnect': 'ten' }, 'nats-max-reconnect: expected an integer >= -1, got "ten" (log-opt)'],
  [{ 'nats-max-reconnect': '1.5' }, 'nats-max-reconnect: expected an integer >= -1, got "1.5" (log-opt)'],
  [{ 'nats-max-reconnect': '-2' }, 'nats-max-reconnect: expected an integer >= -1, got "-2" (log-opt)'],
  [{ 'nats-max-reconnect': '99999999999' }, 'nats-max-reconnect: expected an integer <= 2147483647, got "99999999999" (log-opt)'],
  [{ 'nats-format': 'jsno' }, 'nats-format: expected json, got "jsno" (log-opt)'],
  [{ 'nats-transport': 'jetsream' }, 'nats-transport: expected core or jetstream, got "jetsream" (log-opt)'],
  [{ 'nats-tls-skip-verify': 'maybe' }, 'nats-tls-skip-verify: expected true or false, got "maybe" (log-opt)'],
  [{ 'nats-servers': 'http://x:80' }, 'nats-servers: expected nats://, tls:// or a bare host:port, got "http://x:80" (log-opt)'],
  [{ 'nats-servers': 'good,bad host' }, 'nats-servers: expected host:port with a valid host name, got "bad host" (log-opt)'],
  [{ 'nats-servers': ' , ' }, 'nats-servers: expected at least one value, got "," (log-opt)'],
  [{ 'nats-tls-ca-cert': 'ca.pem' }, 'nats-tls-ca-cert: expected an absolute path, got "ca.pem" (log-opt)'],
  [
    { 'nats-tls-ca-cert': '/nowhere/ca.pem' },
    `nats-tls-ca-cert: expected a readable file, found nothing at "/nowhere/ca.pem"; ${HINT} (log-opt)`,
    ANYWHERE,
  ],
  [
    { 'nats-tls-ca-cert': '/' },
    `nats-tls-ca-cert: expected a readable file, found something that is no regular file at "/"; ${HINT} (log-opt)`,
    ANYWHERE,
  ],
  [
    { 'nats-tls-ca-cert': '/proc/self/environ' },
    'nats-tls-ca-cert: expected a PEM certificate, found something else in "/proc/self/environ" (log-opt)',
    ANYWHERE,
  ],
  [{ 'nats-tls-server-name': 'nats.test:4222' }, 'nats-tls-server-name: expected a host name or an address, got "nats.test:4222" (log-opt)'],
  [{ 'nats-name': 'a\nb' }, 'nats-name: expected at most 256 characters, none of them a control character, got "a\\nb" (log-opt)'],
  [{ 'nats-inbox-prefix': 'logs.>' }, 'nats-inbox-prefix: expected a subject without wildcards, got "logs.>" (log-opt)'],
  [{ 'nats-jetstream-domain': 'a.b' }, 'nats-jetstream-domain: expected letters, digits, - and _, got "a.b" (log-opt)'],
  [{ 'nats-connect-timeout': '5' }, 'nats-connect-timeout: expected a duration such as 5s or 500ms >= 100ms, got "5" (log-opt)'],
  [{ 'nats-ping-interval': '10m' }, 'nats-ping-interval: expected a duration such as 5s or 500ms <= 5m, got "10m" (log-opt)'],
  [{ 'nats-reconnect-wait': '0' }, 'nats-reconnect-wait: expected a duration such as 5s or 500ms >= 100ms, got "0" (log-opt)'],
  [{ 'nats-pass': 'secret' }, 'nats-pass: needs nats-user as well (log-opt)'],
  [{ 'nats-tls-cert': '/x' }, 'nats-tls-cert: needs nats-tls-key as well (log-opt)'],
  [{ 'nats-tls-key': '/x' }, 'nats-tls-key: needs nats-tls-cert as well (log-opt)'],
  [
    { 'nats-user': 'me', 'nats-pass': 'secret', 'nats-token': 'secret', 'nats-creds-file': '/srv/x', 'nats-nkey': 'SU', 'nats-jwt': 'eyJ' },
    'nats-nkey: cannot be used together with nats-user, set by log-opt, nor with nats-token, set by log-opt, nor with nats-creds-file, set by log-opt (log-opt)',
  ],
  [{ 'nats-token': 'secret', 'nats-token-file': '/srv/x' }, 'nats-token: cannot be used together with nats-token-file, set by log-opt (log-opt)'],
  [{ 'nats-creds': 'secret' }, 'nats-creds: expected credentials, which hold the JWT (eyJ…) and the seed (SU…) of a user (log-opt)'],
  [{ 'nats-nkey': 'secret' }, 'nats-nkey: expected the seed of a user\'s nkey (SU… and 56 more characters) (log-opt)'],
  [{ 'nats-jwt': 'secret' }, 'nats-jwt: expected the JWT of a user (eyJ…) (log-opt)'],
  [{ 'nats-pass-file': '/srv/x' }, 'nats-pass-file: needs nats-user as well (log-opt)'],
  [{ 'nats-token-file': 'x' }, 'nats-token-file: expected an absolute path, got "x" (log-opt)'],
  [{ 'nats-token-file': '/srv/nowhere' }, `nats-token-file: expected a readable file, found nothing at "/srv/nowhere"; ${HINT} (log-opt)`],
  [
    { 'nats-token-file': '/etc/shadow' },
    'nats-token-file: expected a file in a folder of nats-secret-dirs (/srv, /etc/nats-log-driver, /run/secrets, /run/credentials/nats-log-driver.service, /root/.config/nats), "/etc/shadow" leads elsewhere (log-opt)',
  ],
  [{ 'nats-secret-dirs': '/' }, 'nats-secret-dirs: concerns the whole plugin, set it with "docker plugin set nats NATS_SECRET_DIRS=…" or under defaults in the YAML file (log-opt)'],
  [{ 'nats-token': 'secret', 'nats-user': 'me' }, 'nats-token: cannot be used together with nats-user, set by log-opt (log-opt)'],
  [
    { 'nats-buffer-size': '64m' },
    'nats-buffer-size: concerns the whole plugin, set it with "docker plugin set nats NATS_BUFFER_SIZE=…" or under defaults in the YAML file (log-opt)',
  ],
  [{ 'nats-config': '/x' }, 'nats-config: concerns the whole plugin, set it with "docker plugin set nats NATS_CONFIG=…" (log-opt)'],
  [{ tag: 'x'.repeat(4097) }, 'tag: expected at most 4096 bytes, got 4097 bytes (log-opt)'],
  [{ ['x'.repeat(100)]: 'x' }, `"${'x'.repeat(64)}"… (100 bytes): unknown option (log-opt)`],
];

for (const [logOpts, text, env] of single) {
  test(`the user reads: ${text}`, (t) => t.is(refusal(logOpts, env), `nats: ${text}`));
}

test('all problems are told at once', (t) => {
  t.is(refusal({ 'nats-sever': 'x', 'nats-max-reconnect': 'ten', 'nats-pass': 'secret', mode: 'non-blocking' }), [
    'nats: 3 problems in the options',
    'nats-sever: unknown option, did you mean nats-servers? (log-opt)',
    'nats-max-reconnect: expected an integer >= -1, got "ten" (log-opt)',
    'nats-pass: needs nats-user as well (log-opt)',
  ].join('\n'));
});

test('an option that is set wrongly does not count as missing', (t) => {
  const text = 'nats: nats-tls-cert: expected an absolute path, got "relative" (log-opt)';
  t.is(refusal({ 'nats-tls-cert': 'relative', 'nats-tls-key': '/x' }), text);
});

test('ten thousand unknown options are refused quickly, and twenty are listed', (t) => {
  const text = refusal(Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`nats-sever${index}`, 'x']))) ?? '';
  const lines = text.split('\n');
  t.is(lines[0], 'nats: 10000 problems in the options');
  t.is(lines.length, 22);
  t.is(lines.at(-1), 'and 9980 more');
});

test('A4: __proto__ and its like are unknown options', (t) => {
  const hostile = JSON.parse('{"__proto__":"x","constructor":"x","toString":"x"}') as Texts;
  t.is(refusal(hostile), [
    'nats: 3 problems in the options',
    '__proto__: unknown option (log-opt)', 'constructor: unknown option (log-opt)', 'toString: unknown option (log-opt)',
  ].join('\n'));
});

test('a megabyte of text is shortened', (t) => {
  const text = refusal({ tag: 'x'.repeat(1 << 20), ['y'.repeat(1 << 20)]: 'x' }, {}) ?? '';
  t.true(text.length < 500, text);
  t.is(quote('x'.repeat(1 << 20)), `"${'x'.repeat(64)}"… (1048576 bytes)`);
});

test('a quoted text is one line of visible characters', (t) => {
  t.is(quote('a\n\u001b[31m\u202e"\u2028\u009b'), '"a\\n\\u001b[31m\\u202e\\"\\u2028\\u009b"');
});

test('no text for the user holds a phrase that changes the exit code of docker run', (t) => {
  const phrases = /no such file or directory|executable file not found|permission denied|is a directory/i;
  const paths = ['/nowhere', '/', '/dev/null', '/etc/passwd/x', `/${'x'.repeat(300)}`, '/proc/1/mem', '/x\0y', '/run', '/proc/self/fd/0'];
  for (const path of paths) {
    t.notRegex(refusal({ 'nats-tls-ca-cert': path, 'nats-tls-cert': path, 'nats-tls-key': path }, ANYWHERE) ?? '', phrases, path);
  }
});

test('no log-opts make the resolver fail in another way', (t) => {
  const known = ['tag', 'nats-servers', 'nats-max-reconnect', 'nats-tls-skip-verify', 'nats-tls-ca-cert', 'labels', 'mode'];
  const name = fc.oneof(fc.constantFrom(...known), fc.string());
  const value = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('/', '|'));
  fc.assert(fc.property(fc.dictionary(name, value), (logOpts) => {
    refusal(logOpts);
  }));
  t.pass();
});
