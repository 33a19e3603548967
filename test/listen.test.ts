import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createHttpServer } from '../src/listen.ts';

const folder = mkdtempSync(join(tmpdir(), 'nld-listen-'));
const children: ChildProcess[] = [];

test.after.always(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** In a process of its own, since the mask for new files belongs to a whole process. Answers requests with `name`. */
const LISTENER = `
  import { createServer } from 'node:http';
  import { listen } from ${JSON.stringify(new URL('../src/listen.ts', import.meta.url).href)};
  const [, path, name] = process.argv;
  const server = createServer((_, response) => response.end(name));
  // Ends with the test, however that ends.
  process.stdin.resume().on('end', () => process.exit());
  const before = process.umask();
  try {
    await listen(server, path);
    console.log(process.umask() === before ? 'listening' : 'mask changed');
  } catch (error) {
    console.log(process.umask() === before ? 'refused: ' + error.message : 'mask changed');
  }
`;

/** What became of it, in one line. */
async function listen(name: string, path: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', LISTENER, path, name], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = await once(child.stdout, 'data') as [Buffer];
  return said.toString().trim();
}

async function ask(socketPath: string): Promise<string> {
  const [response] = await once(request({ socketPath, agent: false }).end(), 'response') as [IncomingMessage];
  return Buffer.concat(await response.toArray() as Buffer[]).toString();
}

test('folders on the way are made, and only the owner may connect', async (t) => {
  const path = join(folder, 'run/docker/plugins/nats.sock');
  t.is(await listen('mine', path), 'listening');
  t.is(await ask(path), 'mine');
  t.is(lstatSync(path).mode & 0o777, 0o600);
});

test('the socket of a driver that was killed is taken over', async (t) => {
  const path = join(folder, 'stale.sock');
  t.is(await listen('the old one', path), 'listening');
  const old = children.find(({ spawnargs }) => spawnargs.includes(path)) as ChildProcess;
  old.kill('SIGKILL');
  await once(old, 'exit');
  t.true(lstatSync(path).isSocket());
  t.is(await listen('the new one', path), 'listening');
  t.is(await ask(path), 'the new one');
});

test('the socket of a driver that runs is left alone', async (t) => {
  const path = join(folder, 'taken.sock');
  t.is(await listen('the first', path), 'listening');
  t.is(await listen('the second', path), `refused: another process listens on ${path}`);
  t.is(await ask(path), 'the first');
});

test('what is no socket is left alone', async (t) => {
  const file = join(folder, 'file');
  const link = join(folder, 'link');
  writeFileSync(file, 'precious');
  symlinkSync(file, link);
  for (const path of [file, link, folder]) {
    t.is(await listen('x', path), `refused: ${path} exists and is not a socket`);
    t.true(existsSync(path));
  }
});

test('a path that cannot be listened on is refused by name', async (t) => {
  const path = join(folder, 'x'.repeat(200));
  const said = await listen('x', path);
  t.regex(said, /^refused: /);
  t.true(said.includes('xxx'));
});

test('a request that does not arrive whole in time is answered with the time, and its connection is closed', async (t) => {
  const path = join(folder, 'slow.sock');
  // Reads no body: whoever does waits for its end.
  const server = createHttpServer(Promise.resolve(() => undefined), 100);
  server.listen(path);
  await once(server, 'listening');
  const socket = connect(path);
  socket.write('POST /LogDriver.StartLogging HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{"File":');
  const answer = Buffer.concat(await socket.toArray() as Buffer[]).toString();
  t.regex(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
  t.true(answer.endsWith('\r\n\r\n{"Err":"nats: the request did not arrive whole within 0.1 s"}'), answer);
  server.close();
});
