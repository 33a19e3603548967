import test from 'ava';
import { CLEAN } from '../support/oracle.ts';
import { freePort, until } from '../support/wait.ts';
import { CANARY, startDriver, startNats, startProxy } from './rig.ts';

const USER = 'logger';
const SECRET = `${CANARY}-7h9!@:/%`;
const AS_USER = ['--user', USER, '--pass', SECRET];
const AS_TOKEN = ['--auth', SECRET];

interface Login {
  readonly title: string;
  readonly args: readonly string[];
  /** `address`: `127.0.0.1:PORT` */
  readonly env: (address: string) => NodeJS.ProcessEnv;
  readonly logOpts?: Readonly<Record<string, string>>;
}

const logins: readonly Login[] = [
  { title: 'user and password', args: AS_USER, env: (address) => ({ NATS_SERVERS: address, NATS_USER: USER, NATS_PASS: SECRET }) },
  { title: 'a token', args: AS_TOKEN, env: (address) => ({ NATS_SERVERS: address, NATS_TOKEN: SECRET }) },
  {
    title: 'user and password as log-opts',
    args: AS_USER,
    env: (address) => ({ NATS_SERVERS: address }),
    logOpts: { 'nats-user': USER, 'nats-pass': SECRET },
  },
  {
    title: 'user and password in the address',
    args: AS_USER,
    env: (address) => ({ NATS_SERVERS: `nats://${USER}:${encodeURIComponent(SECRET)}@${address}` }),
  },
  { title: 'a token in the address', args: AS_TOKEN, env: (address) => ({ NATS_SERVERS: `${encodeURIComponent(SECRET)}@${address}` }) },
  {
    title: 'an address that wins over the options',
    args: AS_USER,
    env: (address) => ({
      NATS_SERVERS: `${USER}:${encodeURIComponent(SECRET)}@${address}`, NATS_USER: 'another', NATS_PASS: `${CANARY}-wrong`,
    }),
  },
];

for (const { title, args, env, logOpts } of logins) {
  test(`lines arrive at a server that asks for a login, with ${title}`, async (t) => {
    const nats = await startNats(t, { args });
    const rig = await startDriver(t, env(`127.0.0.1:${nats.port}`));
    await rig.subscribe(nats.url, args === AS_USER ? { user: USER, pass: SECRET } : { token: SECRET });
    const container = await rig.container('web', logOpts);
    await container.write(100);
    t.deepEqual(await rig.verdict(), CLEAN);
    await container.stop();
  });
}

const refusals: readonly Login[] = [
  {
    title: 'a wrong password',
    args: ['--user', USER, '--pass', 'other'],
    env: (address) => ({ NATS_SERVERS: address, NATS_USER: USER, NATS_PASS: SECRET }),
  },
  { title: 'a wrong token', args: ['--auth', 'other'], env: (address) => ({ NATS_SERVERS: address, NATS_TOKEN: SECRET }) },
  { title: 'no login', args: AS_USER, env: (address) => ({ NATS_SERVERS: address }) },
];

for (const { title, args, env } of refusals) {
  test(`with ${title} the driver goes on trying, says so once, and delivers when the server takes it`, async (t) => {
    const strict = await startNats(t, { args });
    const proxy = await startProxy(t, strict.port);
    await proxy.accept();
    const rig = await startDriver(t, env(`127.0.0.1:${proxy.port}`));
    const container = await rig.container('web');
    await container.write(100);
    const { reason } = await rig.plugin.logged('NATS refuses the login');
    t.is(reason, 'the server refused the credentials');
    await until('five attempts', () => proxy.accepted >= 5);
    t.is(rig.plugin.log('NATS refuses the login').length, 1);

    await proxy.refuse();
    await strict.stop();
    const mild = await startNats(t, { port: strict.port });
    await rig.subscribe(mild.url);
    await proxy.accept();
    t.deepEqual(await rig.verdict(), CLEAN);
  });
}

test('of several servers the first may be dead', async (t) => {
  const nats = await startNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: `127.0.0.1:${await freePort()},127.0.0.1:${nats.port}` });
  await rig.subscribe(nats.url);
  const container = await rig.container('web');
  await container.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
  t.is(rig.plugin.log('cannot connect to NATS')[0]?.['reason'], 'connection refused');
});

test('of several servers the first may refuse the login', async (t) => {
  const strict = await startNats(t, { args: AS_TOKEN });
  const mild = await startNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: `127.0.0.1:${strict.port},127.0.0.1:${mild.port}` });
  await rig.subscribe(mild.url);
  const container = await rig.container('web');
  await container.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
});

test('N5: a login that the server takes back while the driver is connected is tried again until it is taken', async (t) => {
  const config = (pass: string): string => `authorization { user: ${USER}, password: "${pass}" }`;
  const before = await startNats(t, { config: config(SECRET) });
  const proxy = await startProxy(t, before.port);
  await proxy.accept();
  const rig = await startDriver(t, { NATS_SERVERS: proxy.url, NATS_USER: USER, NATS_PASS: SECRET });
  const subscriber = await rig.subscribe(before.url, { user: USER, pass: SECRET });
  const container = await rig.container('web');
  await container.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
  await subscriber.close();
  await before.stop();
  const without = await startNats(t, { port: before.port, config: config('other') });
  await rig.plugin.logged('NATS refuses the login');
  await container.write(100);
  await proxy.refuse();
  await without.stop();
  const again = await startNats(t, { port: before.port, config: config(SECRET) });
  await rig.subscribe(again.url, { user: USER, pass: SECRET });
  await proxy.accept();
  t.deepEqual(await rig.verdict(), CLEAN);
});
