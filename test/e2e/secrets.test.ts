/**
 * Secrets in every place where one may be given, and then a search for them in everything that the driver, its commands and the engine
 * show. Each is found exactly where whoever gave it put it himself; that it is found there shows that the search finds.
 */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect, RequestStrategy, type NatsConnection, type QueuedIterator } from 'nats';
import { makeCertificates, type Certificates } from '../support/certificates.ts';
import { runCommand } from '../support/command-run.ts';
import { Site } from '../support/e2e-site.ts';
import test from '../support/e2e-test.ts';
import { get } from '../support/http.ts';
import { JwtRealm } from '../support/nats-jwt.ts';
import { startNatsProcess, type NatsProcessServer } from '../support/nats-process.ts';
import { PLUGIN } from '../support/plugin.ts';
import { Stream } from '../support/stream.ts';
import { freePort, until } from '../support/wait.ts';

type Surface = 'docker inspect' | 'docker plugin inspect' | 'refusals of docker run' | 'log' | 'metrics' | 'status' | 'health' | 'page' | 'tail of the page'
  | 'service' | 'messages' | 'state folder' | 'explain' | 'doctor' | 'check' | 'status command' | 'tail command' | 'errors of commands';

interface Secret { readonly text: string; readonly seenIn: readonly Surface[] }

const secrets = new Map<string, Secret>();
let count = 0;

/** A text that is nowhere else, to be found in `seenIn` and nowhere else. */
function secret(name: string, seenIn: readonly Surface[] = [], text = `canary-${++count}-${process.pid}`): string {
  secrets.set(name, { text, seenIn });
  return text;
}

/** As it is, and as what is done to texts on their way makes of it. */
function isIn(content: string, { text }: Secret): boolean {
  const bytes = Buffer.from(text);
  // In the middle of something else, base64 begins at any third of it, and its last letters belong to what follows.
  const base64 = [0, 1, 2].map((before) => Buffer.concat([Buffer.alloc(before), bytes]).toString('base64').slice(before === 0 ? 0 : before + 1, -4));
  return [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), bytes.toString('hex'), ...base64].some((form) => content.includes(form));
}

let site: Site;
let nats: NatsProcessServer;
let certificates: Certificates;
/** The plugin sees it as /srv. */
let dir: string;
let operators: number;
let client: NatsConnection;
const surfaces = new Map<Surface, string>();
const show = (surface: Surface, ...texts: readonly string[]): void => void surfaces.set(surface, [surfaces.get(surface) ?? '', ...texts].join('\n'));

const realm = new JwtRealm();
const pluginPass = secret('password of the plugin settings', ['docker plugin inspect']);
const marker = secret('name of a container, which is none', ['docker inspect', 'log', 'metrics', 'status', 'service', 'messages', 'state folder', 'status command', 'tail command']);

function put(name: string, text: string): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), text, { mode: 0o600 });
}

/** Logins for further outputs, in the file and in files that it names. */
function document(server: string): string {
  const [nkey, jwt, creds, nkeyFile, jwtFile, credsFile] = Array.from({ length: 6 }, () => realm.user()) as [Login, Login, Login, Login, Login, Login];
  type Login = ReturnType<JwtRealm['user']>;
  put('secrets/pass', secret('password in a file'));
  put('secrets/token', secret('token in a file'));
  put('secrets/nkey', secret('seed in a file', [], nkeyFile.seed));
  put('secrets/jwt', secret('JWT in a file', [], jwtFile.jwt));
  put('secrets/jwt-seed', secret('seed of a JWT in a file', [], jwtFile.seed));
  put('secrets/creds', credsFile.creds);
  secret('seed in a credentials file', [], credsFile.seed);
  secret('JWT in a credentials file', [], credsFile.jwt);
  put('context/team.json', JSON.stringify({ url: `nats://${server}`, user: 'me', password: secret('password in a context') }));
  put('context/url.json', JSON.stringify({ url: `nats://me:${secret('password in the address of a context')}@${server}` }));
  put('secrets/client.pem', readFileSync(certificates.pem('client'), 'utf8'));
  put('secrets/client.key', readFileSync(certificates.key('client'), 'utf8'));
  secret('key of a client certificate', [], readFileSync(certificates.key('client'), 'utf8').split('\n')[1]);
  const outputs: readonly Readonly<Record<string, string>>[] = [
    { 'nats-user': 'me', 'nats-pass': secret('password in YAML') },
    { 'nats-token': secret('token in YAML') },
    { 'nats-nkey': secret('seed in YAML', [], nkey.seed) },
    { 'nats-jwt': secret('JWT in YAML', [], jwt.jwt), 'nats-nkey': secret('seed of a JWT in YAML', [], jwt.seed) },
    { 'nats-creds': creds.creds },
    { 'nats-servers': `nats://me:${secret('password in an address in YAML')}@${server}` },
    { 'nats-servers': `${secret('token in an address in YAML')}@${server}` },
    { 'nats-user': 'me', 'nats-pass-file': '/srv/secrets/pass' },
    { 'nats-token-file': '/srv/secrets/token' },
    { 'nats-nkey-file': '/srv/secrets/nkey' },
    { 'nats-jwt-file': '/srv/secrets/jwt', 'nats-nkey-file': '/srv/secrets/jwt-seed' },
    { 'nats-creds-file': '/srv/secrets/creds' },
    { 'nats-context': 'team' },
    { 'nats-context': '/srv/context/url.json' },
    { 'nats-tls-cert': '/srv/secrets/client.pem', 'nats-tls-key': '/srv/secrets/client.key' },
  ];
  secret('seed in credentials in YAML', [], creds.seed);
  return JSON.stringify({ rules: [{ match: { label: { logins: 'all' } }, outputs: outputs.map((options, at) => ({ 'name': `o${at}`, 'nats-servers': server, 'nats-subject': 'logs.further', ...options })) }] });
}

test.before(async () => {
  site = await Site.open();
  [certificates, operators] = await Promise.all([makeCertificates(), freePort()]);
  dir = mkdtempSync(join(tmpdir(), 'nld-mount-'));
  nats = await startNatsProcess({ config: `jetstream { store_dir: "jetstream" }\nauthorization { user: logger, password: "${pluginPass}" }\n` });
  client = await connect({ servers: nats.url, user: 'logger', pass: pluginPass });
  await Stream.make(nats.url, {}, { user: 'logger', pass: pluginPass }).then((stream) => stream.close());
  // Another spelling of the address: the plugin's own login is not for it.
  put('nats-log-driver/config.yaml', document(`localhost:${nats.port}`));
  client.subscribe('>', { callback: (_, { subject, data, headers }) => show('messages', subject, Buffer.from(data).toString(), String(headers ?? '')) });
  const bucket = await client.jetstream().views.kv('fleet');
  const token = secret('token in a bucket, which the driver keeps', ['messages', 'state folder']);
  await bucket.put('logs', JSON.stringify({ rules: [{ match: { label: { logins: 'all' } }, outputs: [{ 'name': 'kv', 'nats-servers': `localhost:${nats.port}`, 'nats-token': token }] }] }));
  await site.setPlugin(
    `files.source=${dir}`, `NATS_SERVERS=${nats.url}`, 'NATS_USER=logger', `NATS_PASS=${pluginPass}`, 'NATS_SUBJECT=logs.{{.Name}}', 'NATS_CONFIG_KV=fleet/logs',
    `NATS_LOG_HTTP=127.0.0.1:${operators}`, 'LOG_LEVEL=debug', 'ENV=CHOSEN',
  );
});

const UNSET = ['NATS_SERVERS=', 'NATS_USER=', 'NATS_PASS=', 'NATS_SUBJECT=', 'NATS_CONFIG_KV=', 'NATS_LOG_HTTP=', 'LOG_LEVEL=', 'ENV='];

test.after.always(async () => {
  await client?.close();
  await nats?.stop();
  await site[Symbol.asyncDispose]();
  certificates?.remove();
  rmSync(dir, { recursive: true, force: true });
});

/** Logins in log-opts: the engine shows those to whoever may ask it. */
function inlineLogins(): readonly Readonly<Record<string, string>>[] {
  const [nkey, jwt, creds] = [realm.user(), realm.user(), realm.user()];
  const inline = (name: string, text?: string): string => secret(`${name} in a log-opt`, ['docker inspect'], text);
  inline('seed of credentials', creds.seed);
  return [
    { 'nats-user': 'me', 'nats-pass': inline('password') },
    { 'nats-token': inline('token') },
    { 'nats-nkey': inline('seed', nkey.seed) },
    { 'nats-jwt': inline('JWT', jwt.jwt), 'nats-nkey': inline('seed of a JWT', jwt.seed) },
    { 'nats-creds': creds.creds },
    { 'nats-servers': `nats://me:${inline('password of an address')}@127.0.0.1:${nats.port}` },
    { 'nats-servers': `${inline('token of an address')}@127.0.0.1:${nats.port}` },
  ];
}

/** Of `docker run`: no container comes of them. */
function refusedOptions(): readonly Readonly<Record<string, string>>[] {
  const text = secret('secret of a container that is refused');
  const address = `127.0.0.1:${nats.port}`;
  return [
    { 'nats-servers': `nats://logger:${text}@${address}/path`, 'nats-pass': text },
    { 'nats-servers': `nats://logger:${text}`, 'nats-max-reconnect': 'x' },
    { 'nats-token': text, 'nats-pass': text, 'nats-user': 'logger' },
    { 'nats-nkey': text, 'nats-creds': text, 'nats-jwt': text },
    { 'nats-password': text },
  ];
}

async function lookAtOperatorsPages(): Promise<void> {
  const url = `http://127.0.0.1:${operators}`;
  const read = async (path: string): Promise<string> => await (await fetch(`${url}${path}`)).text();
  show('page', await read('/'));
  show('status', await read('/status'));
  show('metrics', await read('/metrics'));
  show('health', await read('/readyz'), await read('/healthz'));
  const { sessions } = JSON.parse(await read('/status')) as { sessions: readonly { id: string; container: string }[] };
  const id = sessions.find(({ container }) => container === marker)?.id ?? '';
  const stop = new AbortController();
  const { body } = await fetch(`${url}/tail?session=${encodeURIComponent(id)}`, { signal: stop.signal });
  let tail = '';
  for await (const bytes of body as AsyncIterable<Uint8Array>) {
    tail += Buffer.from(bytes).toString();
    if (tail.includes('hello')) break;
  }
  stop.abort();
  show('tail of the page', tail);
}

async function askService(): Promise<void> {
  const services = client.services.client({ strategy: RequestStrategy.Timer, maxWait: 300 });
  for (const answers of [services.ping(), services.info(), services.stats()] as readonly Promise<QueuedIterator<unknown>>[]) {
    for await (const answer of await answers) show('service', JSON.stringify(answer));
  }
  const { endpoints: [endpoint] = [] } = (surfaces.get('service') ?? '').split('\n').filter((line) => line.includes('"endpoints"')).map((line) => JSON.parse(line) as { endpoints?: readonly { subject?: string }[] })[0] ?? {};
  show('service', (await client.request(endpoint?.subject ?? '', '', { timeout: 5000 })).string());
}

async function runCommands(): Promise<void> {
  const env = { DOCKER_HOST: site.docker.host };
  const text = secret('secret on a command line');
  const run = async (surface: Surface, ...args: readonly string[]): Promise<void> => {
    const { out, err } = await runCommand(args, env);
    show(surface, out, err);
  };
  const yaml = join(dir, 'nats-log-driver/config.yaml');
  for (const json of [[], ['--json']]) {
    await run('explain', 'explain', ...json);
    await run('explain', 'explain', ...json, '--log-opt', 'nats-user=me', '--log-opt', `nats-pass=${text}`, '--log-opt', `nats-servers=nats://me:${text}@host`);
    await run('doctor', 'doctor', ...json);
    await run('check', 'check', ...json, yaml);
    await run('status command', 'status', ...json, '--socket', await socketPath());
    await run('tail command', 'tail', ...json, '--container', marker);
  }
  put('broken.yaml', `defaults: {nats-user: me, nats-pass: ${text}, nats-token: ${text}, nats-servers: "ftp://me:${text}@host", nats-password: ${text}}`);
  put('torn.yaml', `defaults:\n  nats-pass: "${text}\n`);
  for (const file of ['broken.yaml', 'torn.yaml']) {
    await run('errors of commands', 'check', join(dir, file));
    await run('errors of commands', 'push', 'fleet/logs', join(dir, file));
  }
  await run('errors of commands', 'explain', '--log-opt', `nats-nkey=${text}`, '--log-opt', `nats-creds=${text}`, '--log-opt', `nats-servers=me:${text}@host:x`);
  await run('errors of commands', 'tail', '--server', `nats://me:${text}@localhost:${nats.port}`);
  await run('errors of commands', 'tail', '--opt', `nats-token=${text}`, '--opt', `nats-jwt=${text}`);
}

const pluginId = (): Promise<string> => site.docker.run('plugin', 'inspect', '--format', '{{.Id}}', PLUGIN);

async function socketPath(): Promise<string> {
  return `/run/docker/plugins/${await pluginId()}/nats.sock`;
}

const engineDir = (): string => dirname((site.docker.host ?? '').slice('unix://'.length));

test.serial('the search finds a secret in whatever form it is written', (t) => {
  const planted = { text: 'canary/7f3a "quoted"', seenIn: [] };
  const forms = [planted.text, 'user%3Acanary%2F7f3a%20%22quoted%22', JSON.stringify({ a: planted.text }), ...['', 'x', 'xy'].map((before) => Buffer.from(`${before}${planted.text}and more`).toString('base64')), Buffer.from(planted.text).toString('hex')];
  for (const form of forms) t.true(isIn(`before ${form} behind`, planted), form);
  t.false(isIn('canary/7f3b "quoted"', planted));
});

test.serial('secrets of every kind are found where they were put, and nowhere else', async (t) => {
  const environment = ['--env', `PASSWORD=${secret('variable that nobody chose', ['docker inspect'])}`, '--label', `password=${secret('label that nobody chose, by which a rule may match', ['docker inspect', 'state folder'])}`];
  const chosen = ['--env', `CHOSEN=${secret('variable that is chosen, which is no secret', ['docker inspect', 'messages', 'state folder', 'tail command'])}`];
  const nothing = { 'nats-servers': undefined, 'nats-subject': undefined };
  const command = 'while :; do echo hello; sleep 0.2; done';
  const names = [marker, ...inlineLogins().map((opts, at) => [`inline-${at}`, opts] as const)];
  await Promise.all(names.map((each) => typeof each === 'string'
    ? site.start(t, { name: each, opts: nothing, flags: ['--label', 'logins=all', ...environment, ...chosen], command })
    : site.start(t, { name: each[0], opts: { ...nothing, ...each[1] }, flags: environment, command })));
  for (const opts of refusedOptions()) {
    const { stderr, code } = await site.try({ name: 'refused', opts: { ...nothing, ...opts }, flags: environment, command });
    t.is(code, 125);
    show('refusals of docker run', stderr);
  }
  await until('logins were refused, lines have come, and the document of the bucket is in force', async () => {
    const { body } = await get(await socketPath(), '/status');
    return body.includes('auth-failed') && body.includes('"kv"') && (surfaces.get('messages') ?? '').includes('hello');
  });
  show('docker inspect', await site.docker.run('inspect', ...names.map((each) => typeof each === 'string' ? each : each[0])));
  show('docker plugin inspect', await site.docker.run('plugin', 'inspect', PLUGIN));
  await lookAtOperatorsPages();
  await askService();
  await runCommands();
  const state = join(engineDir(), 'data/plugins', await pluginId(), 'rootfs/var/lib/nats-log-driver');
  show('state folder', ...globSync('**', { cwd: state, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name)).flatMap((path) => [path, readFileSync(path, 'latin1')]));
  await site.setPlugin('files.source=/srv', ...UNSET);
  show('log', readFileSync(join(engineDir(), 'dockerd.log'), 'utf8'));
  t.regex(surfaces.get('log') ?? '', /NATS refuses the login/);
  for (const [surface, content] of surfaces) t.true(content.trim().length > 20, `nothing was looked at: ${surface}`);
  const found = ([name, each]: readonly [string, Secret]): readonly [string, readonly Surface[]] => [name, [...surfaces].filter(([, content]) => isIn(content, each)).map(([surface]) => surface).sort()];
  t.deepEqual([...secrets].map(found), [...secrets].map(([name, { seenIn }]) => [name, [...seenIn].sort()]));
});
