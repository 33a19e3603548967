/** Logins with keys, JWTs and files, against real servers; what becomes of them when they change while the driver runs. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { credsAuthenticator, nkeyAuthenticator, type ConnectionOptions } from 'nats';
import { createUser } from 'nkeys.js';
import { JwtRealm } from '../support/nats-jwt.ts';
import { CLEAN } from '../support/oracle.ts';
import { until } from '../support/wait.ts';
import { get } from '../support/http.ts';
import { makeSecretFolder, type SecretFolder } from '../support/secret-folder.ts';
import { CANARY, startDriver, startLocalNats, startNats, startProxy, type Rig } from './rig.ts';

const USER = 'logger';
const SECRET = `${CANARY}-7h9!@:/%`;

function drive(t: ExecutionContext, folder: SecretFolder, env: NodeJS.ProcessEnv): Promise<Rig> {
  return startDriver(t, { NATS_SECRET_DIRS: folder.dir, ...env });
}

const realm = new JwtRealm();
const admin = realm.user();
const asAdmin: ConnectionOptions = { authenticator: credsAuthenticator(Buffer.from(admin.creds)) };
const nkeyUser = createUser();
const nkeySeed = new TextDecoder().decode(nkeyUser.getSeed());
const nkeyConfig = `authorization { users: [ { nkey: ${nkeyUser.getPublicKey()} } ] }\n`;
const asNkey: ConnectionOptions = { authenticator: nkeyAuthenticator(nkeyUser.getSeed()) };
const passwordConfig = (pass: string): string => `authorization { user: ${USER}, password: "${pass}" }\n`;
const tokenConfig = `authorization { token: "${SECRET}" }\n`;
const asPassword: ConnectionOptions = { user: USER, pass: SECRET };

interface Case {
  readonly title: string;
  readonly config: string;
  readonly subscriber: ConnectionOptions;
  /** What no output may hold. */
  readonly secrets: readonly string[];
  readonly env: (folder: SecretFolder) => NodeJS.ProcessEnv;
}

const [user, bearer] = [realm.user(), realm.user({ isBearer: true })];

const cases: readonly Case[] = [
  {
    title: 'nats-pass-file', config: passwordConfig(SECRET), subscriber: asPassword, secrets: [SECRET],
    env: ({ put }) => ({ NATS_USER: USER, NATS_PASS_FILE: put('pass', `${SECRET}\n`) }),
  },
  {
    title: 'nats-token-file', config: tokenConfig, subscriber: { token: SECRET }, secrets: [SECRET],
    env: ({ put }) => ({ NATS_TOKEN_FILE: put('token', `${SECRET}\r\n`) }),
  },
  { title: 'nats-nkey', config: nkeyConfig, subscriber: asNkey, secrets: [nkeySeed], env: () => ({ NATS_NKEY: nkeySeed }) },
  {
    title: 'nats-nkey-file', config: nkeyConfig, subscriber: asNkey, secrets: [nkeySeed],
    env: ({ put }) => ({ NATS_NKEY_FILE: put('user.nk', `-----BEGIN USER NKEY SEED-----\n${nkeySeed}\n------END USER NKEY SEED------\n`) }),
  },
  { title: 'nats-creds', config: realm.config, subscriber: asAdmin, secrets: [user.seed, user.jwt], env: () => ({ NATS_CREDS: user.creds }) },
  {
    title: 'nats-creds-file', config: realm.config, subscriber: asAdmin, secrets: [user.seed, user.jwt],
    env: ({ put }) => ({ NATS_CREDS_FILE: put('user.creds', user.creds.replaceAll('\n', '\r\n')) }),
  },
  {
    title: 'nats-jwt with nats-nkey', config: realm.config, subscriber: asAdmin, secrets: [user.seed, user.jwt],
    env: () => ({ NATS_JWT: user.jwt, NATS_NKEY: user.seed }),
  },
  {
    title: 'nats-jwt-file with nats-nkey-file', config: realm.config, subscriber: asAdmin, secrets: [user.seed, user.jwt],
    env: ({ put }) => ({ NATS_JWT_FILE: put('user.jwt', `${user.jwt}\n`), NATS_NKEY_FILE: put('user.nk', `${user.seed}\n`) }),
  },
  {
    title: 'nats-jwt alone, for a user whose JWT is a bearer token', config: realm.config, subscriber: asAdmin, secrets: [bearer.jwt],
    env: () => ({ NATS_JWT: bearer.jwt }),
  },
];

/** What the driver has said, what it tells of itself, and all that it keeps. */
async function allOf({ plugin }: Rig): Promise<string> {
  const told = plugin.hasEnded ? [] : await Promise.all(['/status', '/metrics'].map((path) => get(plugin.socket, path)));
  const files = readdirSync(plugin.state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return plugin.said + told.map(({ body }) => body).join('') + files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')).join('');
}

for (const { title, config, subscriber, secrets, env } of cases) {
  test(`lines arrive at a server that asks for a login, with ${title}; no secret is said or kept`, async (t) => {
    const nats = await startNats(t, { config });
    const folder = makeSecretFolder(t);
    const rig = await drive(t, folder, { NATS_SERVERS: nats.url, ...env(folder) });
    await rig.subscribe(nats.url, subscriber);
    const container = await rig.container('web');
    await container.write(100);
    t.deepEqual(await rig.verdict(), CLEAN);
    const kept = await allOf(rig);
    t.true(kept.includes('"container"') && kept.includes('nats_log'), 'there is something to look at');
    t.deepEqual(secrets.filter((secret) => kept.includes(secret)), []);
  });
}

test('a file that a log-opt names is used, and still is after a kill of the driver', async (t) => {
  const nats = await startNats(t, { config: realm.config });
  const folder = makeSecretFolder(t);
  const rig = await drive(t, folder, {});
  await rig.subscribe(nats.url, asAdmin);
  const container = await rig.container('web', { 'nats-servers': nats.url, 'nats-creds-file': folder.put('user.creds', user.creds) });
  await container.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
  await rig.plugin.kill();
  t.false((await allOf(rig)).includes(user.seed));
  await rig.plugin.startAgain();
  await container.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
  t.deepEqual(rig.plugin.log().filter(({ msg }) => msg.startsWith('the container was started with secrets as log-opts')), []);
});

test('N5: a password that is changed in the server and then in its file is taken up without a restart, and no line is lost', async (t) => {
  const nats = await startLocalNats(t, { config: passwordConfig(SECRET) });
  const folder = makeSecretFolder(t);
  const rig = await drive(t, folder, { NATS_SERVERS: nats.url, NATS_USER: USER, NATS_PASS_FILE: folder.put('pass', SECRET) });
  const before = await rig.subscribe(nats.url, asPassword);
  const container = await rig.container('web');
  await container.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
  await before.close();
  await nats.reload(passwordConfig(`${SECRET}-new`));
  await rig.plugin.logged('NATS refuses the login', { reason: 'the server refused the credentials' });
  await rig.subscribe(nats.url, { user: USER, pass: `${SECRET}-new` });
  await container.write(100);
  folder.put('pass', `${SECRET}-new`);
  t.deepEqual(await rig.verdict(), CLEAN);
});

test('N5: a JWT that expires while the driver is connected is replaced by that in the file, without a restart', async (t) => {
  const nats = await startLocalNats(t, { config: realm.config });
  const folder = makeSecretFolder(t);
  const rig = await drive(t, folder, { NATS_SERVERS: nats.url, NATS_CREDS_FILE: join(folder.dir, 'user.creds') });
  await rig.subscribe(nats.url, asAdmin);
  const putExpiring = (seconds: number): void => void folder.put('user.creds', realm.user({ exp: Math.floor(Date.now() / 1000) + seconds }).creds);
  let lifetime = 4;
  putExpiring(lifetime);
  const container = await rig.container('web');
  await container.write(100);
  await until('the driver is connected with a JWT that still holds', () => {
    if (rig.plugin.log('connected to NATS').length > 0) return true;
    if (rig.plugin.log('NATS refuses the login').length > 0) putExpiring(lifetime *= 2);
    return false;
  }, 60_000);
  await rig.plugin.logged('connection to NATS lost');
  await container.write(100);
  folder.put('user.creds', user.creds);
  t.deepEqual(await rig.verdict(), CLEAN);
});

test('a file that is gone, empty or damaged at a connection is told of, and tried again until it is good', async (t) => {
  const nats = await startLocalNats(t, { config: nkeyConfig });
  const proxy = await startProxy(t, nats.port);
  await proxy.accept();
  const folder = makeSecretFolder(t);
  const path = folder.put('user.nk', nkeySeed);
  const rig = await drive(t, folder, { NATS_SERVERS: proxy.url, NATS_NKEY_FILE: path, NATS_RECONNECT_WAIT: '500ms' });
  await rig.subscribe(nats.url, asNkey);
  const container = await rig.container('web');
  await container.write(10);
  t.deepEqual(await rig.verdict(), CLEAN);
  rmSync(path);
  proxy.cut();
  await container.write(10);
  await rig.plugin.logged('cannot connect to NATS', { reason: /^nats-nkey-file: expected a readable file, found nothing at/ });
  folder.put('user.nk', '');
  await rig.plugin.logged('cannot connect to NATS', { reason: /found an empty file/ });
  folder.put('user.nk', `${CANARY} ${nkeySeed.slice(1)}`);
  await rig.plugin.logged('cannot connect to NATS', { reason: /^nats-nkey-file: expected the seed of a user's nkey/ });
  // Looks like a seed, but its checksum is wrong.
  folder.put('user.nk', `${nkeySeed.slice(0, -6)}AAAAAA`);
  await rig.plugin.logged('cannot connect to NATS', { reason: 'the seed of the nkey is damaged (nats-creds, nats-nkey)' });
  folder.put('user.nk', nkeySeed);
  t.deepEqual(await rig.verdict(), CLEAN);
  t.false(rig.plugin.said.includes(nkeySeed.slice(4)));
});

test('a file that others may read is warned of when a container starts and when it is read again', async (t) => {
  const nats = await startNats(t, { config: tokenConfig });
  const folder = makeSecretFolder(t);
  const path = folder.put('token', SECRET, 0o644);
  const rig = await drive(t, folder, { NATS_SERVERS: nats.url, NATS_TOKEN_FILE: path });
  await rig.subscribe(nats.url, { token: SECRET });
  const container = await rig.container('web');
  await container.write(10);
  t.deepEqual(await rig.verdict(), CLEAN);
  const warnings = rig.plugin.log().filter(({ msg }) => msg.startsWith(`nats-token-file: others may read or change "${path}", its mode is 0644`));
  t.is(warnings.length, 2);
});

const contexts: readonly { readonly title: string; readonly config: string; readonly subscriber: ConnectionOptions; readonly context: (folder: SecretFolder) => object }[] = [
  { title: 'user and password', config: passwordConfig(SECRET), subscriber: asPassword, context: () => ({ user: USER, password: SECRET }) },
  { title: 'a token', config: tokenConfig, subscriber: { token: SECRET }, context: () => ({ token: SECRET }) },
  { title: 'a credentials file', config: realm.config, subscriber: asAdmin, context: ({ put }) => ({ creds: put('user.creds', user.creds) }) },
  { title: 'an nkey file', config: nkeyConfig, subscriber: asNkey, context: ({ put }) => ({ nkey: put('user.nk', nkeySeed) }) },
  { title: 'JWT and seed', config: realm.config, subscriber: asAdmin, context: () => ({ user_jwt: user.jwt, user_seed: user.seed }) },
];

for (const { title, config, subscriber, context } of contexts) {
  test(`a context of the nats command line is enough, with ${title}`, async (t) => {
    const nats = await startNats(t, { config });
    const folder = makeSecretFolder(t);
    const path = folder.put('shop.json', JSON.stringify({ description: '', url: nats.url, token: '', user: '', ...context(folder) }));
    const rig = await drive(t, folder, { NATS_CONTEXT: path });
    await rig.subscribe(nats.url, subscriber);
    const container = await rig.container('web');
    await container.write(100);
    t.deepEqual(await rig.verdict(), CLEAN);
    const kept = await allOf(rig);
    t.deepEqual([SECRET, user.seed, nkeySeed].filter((secret) => kept.includes(secret)), []);
  });
}

test('a password that changes in a context is taken up at the next connection', async (t) => {
  const nats = await startLocalNats(t, { config: passwordConfig(SECRET) });
  const folder = makeSecretFolder(t);
  const context = (pass: string): string => JSON.stringify({ url: `nats://${USER}:${encodeURIComponent(pass)}@127.0.0.1:${nats.port}` });
  const rig = await drive(t, folder, { NATS_CONTEXT: folder.put('shop.json', context(SECRET)) });
  const before = await rig.subscribe(nats.url, asPassword);
  const container = await rig.container('web');
  await container.write(10);
  t.deepEqual(await rig.verdict(), CLEAN);
  await before.close();
  await nats.reload(passwordConfig(`${SECRET}-new`));
  await rig.plugin.logged('NATS refuses the login');
  folder.put('shop.json', context(`${SECRET}-new`));
  await rig.subscribe(nats.url, { user: USER, pass: `${SECRET}-new` });
  await container.write(10);
  t.deepEqual(await rig.verdict(), CLEAN);
});
