import type { ExecutionContext } from 'ava';
import { Collector } from '../support/e2e-collector.ts';
import { Site } from '../support/e2e-site.ts';
import test from '../support/e2e-test.ts';
import { startNatsProcess } from '../support/nats-process.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { freePort } from '../support/wait.ts';

const USER_CONFIG = 'authorization {\n  user: logger\n  password: "p@ss/w:rd"\n}\n';
const TOKEN_CONFIG = 'authorization {\n  token: "t0ken-of-the-logger"\n}\n';

let site: Site;
let userServer: NatsServer;
let tokenServer: NatsServer;
let userCollector: Collector;
let tokenCollector: Collector;

test.before(async () => {
  site = await Site.open();
  userServer = await startNatsProcess({ config: USER_CONFIG });
  userCollector = await Collector.connect({ servers: userServer.url, user: 'logger', pass: 'p@ss/w:rd' });
  tokenServer = await startNatsProcess({ config: TOKEN_CONFIG });
  tokenCollector = await Collector.connect({ servers: tokenServer.url, token: 't0ken-of-the-logger' });
});

test.after.always(async () => {
  await userCollector.close();
  await tokenCollector.close();
  await userServer.stop();
  await tokenServer.stop();
  await site[Symbol.asyncDispose]();
});

/** Runs a container that writes one line, and looks whether it arrives. */
async function delivers(t: ExecutionContext, name: string, collector: Collector, opts: Readonly<Record<string, string>>): Promise<void> {
  await site.run({ name, opts, command: `echo hello from ${name}` });
  t.is((await collector.only(name)).body.text, `hello from ${name}`);
}

test('of several nats-servers the first may be dead', async (t) => {
  const servers = `nats://127.0.0.1:${await freePort()},127.0.0.1:${site.nats.port}`;
  await delivers(t, 'second-server', site.collector, { 'nats-servers': servers });
});

test('nats-user and nats-pass log in', async (t) => {
  const opts = { 'nats-servers': userServer.url, 'nats-user': 'logger', 'nats-pass': 'p@ss/w:rd' };
  await delivers(t, 'by-user', userCollector, opts);
});

test('a user and a percent-encoded password in the address log in', async (t) => {
  const opts = { 'nats-servers': `nats://logger:p%40ss%2Fw%3Ard@127.0.0.1:${userServer.port}` };
  await delivers(t, 'by-address', userCollector, opts);
});

test('nats-token logs in', async (t) => {
  await delivers(t, 'by-token', tokenCollector, { 'nats-servers': tokenServer.url, 'nats-token': 't0ken-of-the-logger' });
});

test('a token in the address logs in', async (t) => {
  await delivers(t, 'by-token-address', tokenCollector, { 'nats-servers': `t0ken-of-the-logger@127.0.0.1:${tokenServer.port}` });
});

test('a wrong password stops no container, and another container with the right one is not concerned', async (t) => {
  const opts = { 'nats-servers': userServer.url, 'nats-user': 'logger', 'nats-max-reconnect': '1' };
  t.is(await site.run({ name: 'wrong-password', opts: { ...opts, 'nats-pass': 'wrong' }, command: 'echo hello' }), 'hello\n');
  await delivers(t, 'right-password', userCollector, { ...opts, 'nats-pass': 'p@ss/w:rd' });
  t.is(userCollector.count('wrong-password'), 0);
});

test('nats-max-reconnect does not disturb where NATS is there', async (t) => {
  await delivers(t, 'max-reconnect', site.collector, { 'nats-max-reconnect': '3' });
});

test('every option that belongs to the engine is accepted', async (t) => {
  await delivers(t, 'pass-through', site.collector, {
    'mode': 'non-blocking', 'max-buffer-size': '1m', 'max-size': '1m', 'max-file': '2', 'compress': 'true',
    'cache-disabled': 'false', 'cache-max-size': '1m', 'cache-max-file': '2', 'cache-compress': 'true',
    'cache-labels': 'a', 'cache-labels-regex': '^a', 'cache-env': 'A', 'cache-env-regex': '^A', 'cache-tag': '{{.Name}}',
  });
});

test('with cache-disabled the lines are published all the same', async (t) => {
  await delivers(t, 'uncached', site.collector, { 'cache-disabled': 'true', 'mode': 'blocking' });
});
