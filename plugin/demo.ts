/**
 * `npm run demo`: a container's lines arrive in NATS, before your eyes. Uses the Docker Engine that the docker CLI reaches, else a private
 * one; takes away at the end all that it brought.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, styleText } from 'node:util';
import { connect } from 'nats';
import type { Msg } from 'nats';
import { Docker } from '../test/support/docker.ts';
import { Engine } from '../test/support/engine.ts';
import { BUSYBOX_IMAGE, provideBusybox } from '../test/support/images.ts';
import { startNatsProcess } from '../test/support/nats-process.ts';
import { installPlugin } from './install.ts';
import { buildPlugin } from './rootfs.ts';

const SUBJECT = 'docker.logs';
const LINES = ['shop: listening on port 8080', 'order 1001: 3 books', 'order 1002: payment refused', 'order 1003: 1 lamp', 'shop: bye'];
/** Each line in its own moment, so that one sees it arrive; bad news goes to stderr. */
const SCRIPT = LINES.map((line) => `sleep 0.3; echo '${line}'${line.includes('refused') ? ' >&2' : ''}`).join('; ');
const ARRIVAL_MS = 15_000;

const { values: flags } = parseArgs({ options: { once: { type: 'boolean', default: !process.stdout.isTTY } } });

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interruption.abort());

/** Rejects on Ctrl-C. */
async function interrupted(): Promise<never> {
  if (!interruption.signal.aborted) await once(interruption.signal, 'abort');
  throw new Error('interrupted');
}

/** One line: what is done, then how long it took. Ctrl-C takes effect between two steps, when it is known what is to be cleaned up. */
async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  interruption.signal.throwIfAborted();
  const start = performance.now();
  process.stdout.write(`demo: ${what} … `);
  try {
    const result = await work();
    console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    console.log('failed');
    throw error;
  }
}

/** What is deferred on `cleanup` is undone in reverse order. */
async function findDocker(cleanup: AsyncDisposableStack): Promise<{ docker: Docker; name: string }> {
  const docker = new Docker();
  if (await docker.reachable()) {
    const { code } = await docker.try(['plugin', 'inspect', 'nats']);
    if (code !== 0) return { docker, name: 'nats' };
    console.log('demo: your Docker Engine has a plugin "nats" already, which stays untouched; this one is named "nats-demo"');
    return { docker, name: 'nats-demo' };
  }
  const engine = await step('start a private Docker Engine', () => Engine.start());
  cleanup.defer(() => engine.stop());
  return { docker: engine.docker, name: 'nats' };
}

async function provideDriver(docker: Docker, name: string, cleanup: AsyncDisposableStack): Promise<void> {
  const dir = join(tmpdir(), 'plugin');
  await step('build the plugin', () => buildPlugin(dir));
  cleanup.defer(() => discard(docker, 'plugin', 'rm', '--force', name));
  await step(`create and enable the plugin "${name}"`, () => installPlugin({ dir, name, enable: true, force: false, env: docker.env }));
}

/** What is gone already needs no removal. */
async function discard(docker: Docker, ...args: readonly string[]): Promise<void> {
  await docker.try(args);
}

function show({ subject, data }: Msg): void {
  const text = Buffer.from(data).toString();
  const { source, text: line } = JSON.parse(text) as { source: string; text: string };
  console.log(`\n${styleText('bold', subject)}  ${source}  ${line}\n${styleText('dim', text)}`);
}

/** Shows every message that arrives from now on. `arrived` resolves when the container's lines are all there. */
async function subscribe(url: string, cleanup: AsyncDisposableStack): Promise<{ readonly arrived: Promise<void> }> {
  const client = await connect({ servers: url });
  cleanup.defer(() => client.close());
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  let count = 0;
  client.subscribe('docker.>', {
    callback: (error, message) => {
      if (error !== null) throw error;
      show(message);
      if (++count === LINES.length) resolve();
    },
  });
  await client.flush();
  return { arrived };
}

async function main(cleanup: AsyncDisposableStack): Promise<void> {
  const { docker, name } = await findDocker(cleanup);
  const server = await step('start nats-server', () => startNatsProcess());
  cleanup.defer(() => server.stop());
  await provideDriver(docker, name, cleanup);
  await step('make an image from busybox', () => provideBusybox(docker));
  cleanup.defer(() => discard(docker, 'image', 'rm', BUSYBOX_IMAGE));

  const { arrived } = await subscribe(server.url, cleanup);
  const driver = [`--log-driver=${name}`, '--log-opt', `nats-servers=${server.url}`, '--log-opt', `nats-subject=${SUBJECT}`];
  console.log(`demo: docker run ${driver.join(' ')} …`);
  const container = `nats-log-driver-demo-${process.pid}`;
  cleanup.defer(() => discard(docker, 'rm', '--force', container));
  await docker.run('run', '--detach', '--name', container, ...driver, BUSYBOX_IMAGE, 'sh', '-c', SCRIPT);
  const late = sleep(ARRIVAL_MS, undefined, { ref: false }).then(() => Promise.reject(new Error('the messages did not arrive in time')));
  await Promise.race([arrived, late, interrupted()]);
  console.log(`\ndemo: all ${LINES.length} lines arrived`);
  if (!flags.once) await stay(docker, driver);
}

/** Until Ctrl-C, which is no error any more. */
async function stay(docker: Docker, driver: readonly string[]): Promise<void> {
  const host = docker.host === undefined ? '' : `DOCKER_HOST=${docker.host} `;
  console.log(`demo: your turn, in another terminal (Ctrl-C here ends the demo):`);
  console.log(`  ${host}docker run --rm ${driver.join(' ')} ${BUSYBOX_IMAGE} echo hello`);
  if (!interruption.signal.aborted) await once(interruption.signal, 'abort');
}

const dir = mkdtempSync(join(tmpdir(), 'nld-demo-'));
process.env['TMPDIR'] = dir;
const cleanup = new AsyncDisposableStack();
cleanup.defer(async () => rmSync(dir, { recursive: true, force: true }));
try {
  await main(cleanup);
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  console.error(`demo: ${interruption.signal.aborted ? 'interrupted' : reason}`);
  process.exitCode = interruption.signal.aborted ? 130 : 1;
} finally {
  await cleanup.disposeAsync();
}
console.log('demo: cleaned up');
