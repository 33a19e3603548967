/** `status` and `reload`, against the running driver. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { DriverStatus } from '../../src/core/status.ts';
import { theSocket } from '../../src/cli/sockets.ts';
import { CommandProcess, runCommand } from '../support/command-run.ts';
import { keepBooks } from '../support/books.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { PluginProcess } from '../support/plugin-process.ts';
import { until } from '../support/wait.ts';

async function startDriver(t: ExecutionContext, env: NodeJS.ProcessEnv = {}): Promise<{ plugin: PluginProcess; engine: FakeEngine }> {
  const plugin = await PluginProcess.start({ NATS_SERVERS: '127.0.0.1:1', ...env });
  const engine = new FakeEngine(plugin.socket);
  t.teardown(async () => {
    engine.close();
    await plugin.remove();
  });
  keepBooks(t, plugin, engine);
  // The command waits five seconds for an answer: not for a driver that is still being loaded on a busy machine.
  await plugin.logged('listening');
  return { plugin, engine };
}

test('the status shows the driver, its sessions and its connections', async (t) => {
  const { plugin, engine } = await startDriver(t, { NATS_SUBJECT: 'logs.{{.Name}}' });
  const empty = await runCommand(['status', '--socket', plugin.socket]);
  t.is(empty.code, 0, empty.err);
  t.regex(empty.out, /^driver +\d+\.\d+\.\d+ on \S+, pid \d+, up /m);
  t.regex(empty.out, /^configuration +no file, revision [0-9a-f]{12}, loaded \d{4}-/m);
  t.regex(empty.out, /^no sessions$/m);
  const logger = await engine.startLogging();
  await logger.log('stdout', 'hello');
  const { out } = await until('the line is read', async () => {
    const run = await runCommand(['status', '--socket', plugin.socket]);
    return /^shop-web-1 .* live, away +0 +[1-9]\d* B /m.test(run.out) && run;
  });
  t.regex(out, /^CONTAINER +ID +STATE +LINES +WAITING +AGE +DROPPED +SUBJECT$/m);
  t.regex(out, /^shop-web-1 +a7317399f3f8 +live, away +0 +\d+ B .*logs\.shop-web-1$/m);
  t.regex(out, /^SERVER +STATE +SINCE +RTT +WINDOW +OUTPUTS +LOST +VERSION +REASON$/m);
  t.regex(out, /^nats:\/\/127\.0\.0\.1:1 +disconnected .* connection refused$/m);
  const json = JSON.parse((await runCommand(['status', '--socket', plugin.socket, '--json'])).out) as DriverStatus;
  t.is(json.sessions[0]?.container, 'shop-web-1');
});

test('watched, it is shown again and again with rates, until Ctrl-C', async (t) => {
  const { plugin, engine } = await startDriver(t);
  await engine.startLogging({ 'nats-subject': 'logs' });
  const watch = new CommandProcess(['status', '--watch', '0.1', '--socket', plugin.socket]);
  t.teardown(() => watch.signal('SIGKILL'));
  await until('it was shown twice', () => /LINES\/S/.test(watch.out));
  await plugin.kill();
  await until('it is said that the driver is gone', () => /nobody listens/.test(watch.out));
  await plugin.startAgain();
  await until('it is shown again', () => /nobody listens[^]*SUBJECT/.test(watch.out));
  watch.signal('SIGINT');
  t.is((await watch.end()).code, 0);
});

test('a driver that is not there is told of', async (t) => {
  const { code, out, err } = await runCommand(['status', '--socket', '/nowhere/nats.sock']);
  t.deepEqual([code, out, err], [1, '', '/nowhere/nats.sock: the socket does not exist; does the driver run?\n']);
  t.is((await runCommand(['status', '5'])).code, 2);
  t.is((await runCommand(['status', '--watch', 'soon'])).code, 2);
});

test('the socket is found by itself when there is exactly one', (t) => {
  t.is(theSocket(undefined, ['/a/nats.sock']), '/a/nats.sock');
  t.is(theSocket('/named', ['/a', '/b']), '/named');
  t.throws(() => theSocket(undefined, []), { message: /^no driver found/ });
  t.throws(() => theSocket(undefined, ['/a', '/b']), { message: 'several drivers found, choose one with --socket:\n  /a\n  /b' });
});

/** A driver that answers a reload like that. */
async function answering(t: ExecutionContext, status: number, body: object): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nld-reload-'));
  const socket = join(folder, 'nats.sock');
  const server = createServer((request, response) => {
    const answer = request.url === '/reload' && request.method === 'POST' ? { status, body } : { status: 200, body: { configuration: { file: '/etc/x.yaml', loaded_at: 'now' } } };
    response.writeHead(answer.status).end(JSON.stringify(answer.body));
  }).listen(socket);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await until('it listens', () => server.listening);
  return socket;
}

test('a reload says what is in force, or why not', async (t) => {
  const run = async (status: number, body: object): ReturnType<typeof runCommand> => await runCommand(['reload', '--socket', await answering(t, status, body)]);
  t.deepEqual(await run(200, { Err: '' }), { code: 0, out: 'in force: /etc/x.yaml, loaded now\n', err: '' });
  t.deepEqual(await run(200, { Err: 'nats: tag: broken (/etc/x.yaml:2:3)' }), { code: 1, out: '', err: 'nats: tag: broken (/etc/x.yaml:2:3)\nthe configuration in force stays\n' });
  const older = await run(404, { Err: '' });
  t.is(older.code, 1);
  t.regex(older.err, /older version/);
});
