/** What nobody sends who means well: over the plugin's socket, to a driver that has a container to care for. */
import { once } from 'node:events';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { goJson } from '../support/fake-engine.ts';
import { SAMPLE_INFO } from '../support/info.ts';
import { CLEAN } from '../support/oracle.ts';
import type { Receive } from '../support/subscriber.ts';
import { until } from '../support/wait.ts';
import { CANARY, startDriver, startLocalNats, type Container, type Rig } from './rig.ts';

const MIB = 1024 * 1024;
/** What a few hostile requests may add to it: each of them is 8 MiB at most. */
const MAX_MEMORY = 400 * MIB;

/** A driver with one container, which goes on writing whatever is asked. `receive`: what else comes. */
async function startBusy(t: ExecutionContext, receive: Receive = () => undefined): Promise<{ rig: Rig; honest: Container }> {
  const nats = await startLocalNats(t);
  const rig = await startDriver(t, { NATS_SERVERS: nats.url });
  await rig.subscribe(nats.url, {}, (message, subject) => message.container_name === 'odd' ? receive(message, subject) : rig.oracle.receive(message.container_name, message.text));
  const honest = await rig.container('honest');
  await honest.write(100);
  return { rig, honest };
}

/** Of all that was asked nothing is left, and the container has lost nothing. */
async function expectUnharmed(t: ExecutionContext, { rig, honest }: { rig: Rig; honest: Container }): Promise<void> {
  await honest.write(100);
  await honest.stop();
  t.deepEqual(await rig.verdict(), CLEAN);
  await until('no session is left', async () => (await rig.status()).sessions.length === 0);
  t.deepEqual(rig.plugin.log('session started').map(({ container }) => container), ['honest']);
  t.deepEqual(readdirSync(join(rig.plugin.state, 'sessions')), []);
  t.true(rig.plugin.peakMemory < MAX_MEMORY, `${rig.plugin.peakMemory} bytes of memory`);
}

const many = (count: number): [string, string][] => Array.from({ length: count }, (_, at) => [`name-${at}`, 'x'.repeat(50)]);
const withConfig = (config: object): object => ({ ...SAMPLE_INFO, Config: config });

/** What is wrong with a container's facts and options, and what is answered; the FIFO is there. */
const INFOS: readonly (readonly [what: string, info: unknown, words: RegExp])[] = [
  ['none', undefined, /^nats: container info: expected an object, got undefined$/],
  ['a number', 7, /^nats: container info: expected an object, got number$/],
  ['no ID', { ...SAMPLE_INFO, ContainerID: '' }, /^nats: container info, ContainerID: expected the full ID of the container, got nothing$/],
  ['an ID of a megabyte', { ...SAMPLE_INFO, ContainerID: 'x'.repeat(MIB) }, /^nats: container info, ContainerID: expected .* at most 128 bytes, got 1048576$/],
  ['a name that is a list', { ...SAMPLE_INFO, ContainerName: ['/a'] }, /^nats: container info, ContainerName: expected a string, got array$/],
  ['labels that are a text', { ...SAMPLE_INFO, ContainerLabels: CANARY }, /^nats: container info, ContainerLabels: expected an object of strings, got string$/],
  ['a label that is an object', { ...SAMPLE_INFO, ContainerLabels: { [`l${'x'.repeat(MIB)}`]: { a: CANARY } } }, /^nats: container info, ContainerLabels\["lx{63}"\]: expected a string, got object$/],
  ['a variable that is a number', { ...SAMPLE_INFO, ContainerEnv: [`PASS=${CANARY}`, 5] }, /^nats: container info, ContainerEnv\[1\]: expected a string, got number$/],
  ['options that are a list', withConfig([CANARY]), /^nats: container info, Config: expected an object of strings, got array$/],
  ['ten thousand options', withConfig(Object.fromEntries(many(10_000))), /^nats: 10000 problems in the options\nname-0: unknown option.*\n(.*\n){19}and 9980 more$/],
  ['options by way of the prototype', withConfig(JSON.parse('{"__proto__":"x","constructor":"y"}') as object), /^nats: 2 problems in the options\n__proto__: unknown option \(log-opt\)\nconstructor: unknown option \(log-opt\)$/],
  ['an option of a megabyte', withConfig({ 'nats-subject': CANARY.repeat(200_000) }), /^nats: nats-subject: expected at most 4096 bytes, got 1200000 bytes \(log-opt\)$/],
  ['an option with a name of a megabyte', withConfig({ ['x'.repeat(MIB)]: '' }), /^nats: "x{64}"… \(1048576 bytes\): unknown option \(log-opt\)$/],
  ['a subject for everything', withConfig({ 'nats-subject': 'a.>' }), /^nats: nats-subject: expected a legal subject, got "a\.>", which holds a wildcard/],
  ['a subject of the server', withConfig({ 'nats-subject': '$JS.API.STREAM.DELETE.LOGS' }), /which starts with \$, which belongs to the server/],
  ['a subject with a command in it', withConfig({ 'nats-subject': 'a\r\nPUB b 0' }), /got "a\\r\\nPUB b 0", which holds a blank or a control character/],
  ['a template without an end', withConfig({ 'nats-subject': '{{define "T"}}{{template "T"}}{{end}}{{template "T"}}' }), /exceeded maximum template depth/],
  ['a template of a billion turns', { ...withConfig({ tag: '{{range .ContainerEnv}}{{range $.ContainerEnv}}{{range $.ContainerEnv}}x{{end}}{{end}}{{end}}' }), ContainerEnv: many(1000).map(([name]) => name) }, /tag: template: .* the output is longer than 65536 bytes/],
];

test('A4, A5, A7: facts and options that no container has are refused with what, which value and what was wanted; others lose nothing', async (t) => {
  const { rig, honest } = await startBusy(t);
  for (const [what, info, words] of INFOS) {
    const { file } = rig.engine.createFifo();
    await honest.write(20);
    const error = await t.throwsAsync(rig.engine.call('LogDriver.StartLogging', { File: file, Info: info }), undefined, what);
    t.regex(error?.message ?? '', words, what);
    t.true((error?.message.length ?? 0) < 2000, `${what}: the answer has ${error?.message.length} characters`);
    t.false(error?.message.includes(CANARY), what);
  }
  await expectUnharmed(t, { rig, honest });
});

test('a container with ten thousand labels, variables and prototypes is one like any other', async (t) => {
  const seen: Parameters<Receive>[0][] = [];
  const { rig, honest } = await startBusy(t, (message) => void seen.push(message));
  const labels = JSON.parse(`{${[...many(10_000), ['__proto__', 'p'], ['constructor', 'c']].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`) as Record<string, string>;
  const odd = await rig.engine.startLogging({ 'labels': '__proto__,constructor,name-7', 'env-regex': '^(name-9999|__proto__)$' }, {
    ContainerName: '/odd', ContainerID: 'f'.repeat(64), ContainerLabels: labels, ContainerEnv: [...many(10_000).map((pair) => pair.join('=')), '__proto__=e'],
  });
  await odd.log('stdout', 'hello');
  await until('its line has come', () => seen.length === 1);
  const [message] = seen;
  t.deepEqual(['text', 'constructor', 'name-7', 'name-9999'].map((key) => message?.[key]), ['hello', 'c', 'x'.repeat(50), 'x'.repeat(50)]);
  await odd.stopLogging();
  await honest.stop();
  t.deepEqual(await rig.verdict(), CLEAN);
});

/** By what stands in the place of the FIFO: what is answered. */
const FILES: readonly (readonly [what: string, file: (rig: Rig) => unknown, words: RegExp])[] = [
  ['nothing', () => undefined, /^nats: expected the path of a log FIFO as File, got nothing$/],
  ['an empty text', () => '', /^nats: expected the path of a log FIFO as File, got nothing$/],
  ['a number', () => 7, /^nats: expected the path of a log FIFO as File, got a value of type number$/],
  ['a list', () => ['/a'], /^nats: expected the path of a log FIFO as File, got an array$/],
  ['a path that is missing', ({ engine }) => join(engine.dir, 'missing'), /missing" cannot be opened: there is nothing at that path$/],
  ['a path that is no text', ({ engine }) => `${engine.dir}/\ud800`, /cannot be opened: there is nothing at that path$/],
  ['a relative path', () => 'fifo', /^nats: log FIFO "fifo" cannot be opened: wanted an absolute path without "\." and "\.\."$/],
  ['a path that leads up', ({ engine }) => `${engine.dir}/../../etc/passwd`, /cannot be opened: wanted an absolute path/],
  ['a path with a zero byte', ({ engine }) => `${engine.createFifo().file}\0.log`, /cannot be opened: wanted an absolute path/],
  ['a path of a megabyte', () => `/${'x'.repeat(MIB)}`, /^nats: expected the path of a log FIFO as File, of at most 4095 bytes, got 1048577$/],
  ['a name that is too long', ({ engine }) => join(engine.dir, 'x'.repeat(300)), /cannot be opened: ENAMETOOLONG$/],
  ['a folder', ({ engine }) => engine.dir, /cannot be opened: it is not a FIFO$/],
  ['a device', () => '/dev/zero', /^nats: log FIFO "\/dev\/zero" cannot be opened: it is not a FIFO$/],
  ['a plain file', ({ engine }) => made(join(engine.dir, 'plain'), (path) => writeFileSync(path, CANARY)), /cannot be opened: it is not a FIFO$/],
  ['something below a plain file', ({ engine }) => join(made(join(engine.dir, 'other'), (path) => writeFileSync(path, '')), 'fifo'), /cannot be opened: ENOTDIR$/],
  ['a link to a FIFO', ({ engine }) => made(join(engine.dir, 'link'), (path) => symlinkSync(engine.createFifo().file, path)), /cannot be opened: it is a symbolic link$/],
  ['the driver\'s own socket', ({ plugin }) => plugin.socket, /cannot be opened: it is not a FIFO$/],
  ['a folder of the driver', ({ plugin }) => made(join(plugin.state, 'mine'), (path) => mkdirSync(path)), /cannot be opened: it is not a FIFO$/],
];

function made(path: string, make: (path: string) => void): string {
  make(path);
  return path;
}

test('A3: whatever stands in the place of the FIFO is refused by its path, and is neither opened nor removed', async (t) => {
  const { rig, honest } = await startBusy(t);
  for (const [what, make, words] of FILES) {
    await honest.write(20);
    const error = await t.throwsAsync(rig.engine.call('LogDriver.StartLogging', { File: make(rig), Info: SAMPLE_INFO }), undefined, what);
    t.regex(error?.message ?? '', words, what);
    t.true((error?.message.length ?? 0) < 6000, what);
  }
  t.deepEqual(readdirSync(rig.engine.dir).filter((name) => ['plain', 'link', 'other'].includes(name)).length, 3);
  await expectUnharmed(t, { rig, honest });
});

test('A2: a FIFO that is in use is not started twice, whatever comes with it', async (t) => {
  const { rig, honest } = await startBusy(t);
  const { file } = honest.logger;
  const others = [SAMPLE_INFO, withConfig({ 'nats-subject': 'stolen' }), { ...SAMPLE_INFO, ContainerName: '/stranger' }, undefined];
  await Promise.all(others.map((info) => rig.engine.call('LogDriver.StartLogging', { File: file, Info: info })));
  t.deepEqual((await rig.status()).sessions.map(({ container, outputs }) => [container, outputs[0]?.subject]), [['honest', 'logs.honest']]);
  await expectUnharmed(t, { rig, honest });
});

/** A connection of its own, spoken to in bytes. */
async function dial(rig: Rig): Promise<{ socket: Socket; said: () => string }> {
  const socket = connect({ path: rig.plugin.socket, allowHalfOpen: true });
  let said = '';
  socket.setEncoding('utf8').on('data', (text: string) => said += text);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, said: () => said };
}

function request(method: string, body: string | Buffer, length = Buffer.byteLength(body)): Buffer {
  return Buffer.concat([Buffer.from(`POST /LogDriver.${method} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`), Buffer.from(body)]);
}

/** What is sent, and what is answered. */
const BYTES: readonly (readonly [what: string, bytes: string | Buffer, words: RegExp])[] = [
  ['no HTTP', '\x16\x03\x01\r\n\r\n', /^HTTP\/1\.1 400 [^]*\{"Err":"nats: expected a request of HTTP\/1\.1, got something else \(HPE_INVALID_METHOD\)"\}$/],
  ['headers without an end', `POST / HTTP/1.1\r\n${'X: y\r\n'.repeat(10_000)}`, /^HTTP\/1\.1 431 [^]*\{"Err":"nats: the headers of the request have more than \d+ bytes"\}$/],
  ['no body', request('StartLogging', ''), /\{"Err":"nats: StartLogging: the request came without its body/],
  ['broken JSON', request('StartLogging', `{"File":"/${CANARY}"`), /\{"Err":"nats: StartLogging: expected a JSON object as the request"\}/],
  ['bytes that are no text', request('StartLogging', Buffer.from([0xff, 0xfe, 0x7b, 0x7d])), /\{"Err":"nats: StartLogging: expected a JSON object as the request"\}/],
  ['eight million brackets', request('StartLogging', '['.repeat(8_000_000)), /\{"Err":"nats: StartLogging: expected a JSON object as the request, got something nested more than 100 deep"\}/],
  ['twenty megabytes', request('StopLogging', Buffer.alloc(20 * MIB, ' ')), /\{"Err":"nats: StopLogging: the request has 20971520 bytes, at most 8388608 are taken, since they are kept in memory"\}/],
  ['ReadLogs', request('ReadLogs', '{"Info":{}}'), /^HTTP\/1\.1 404 [^]*\{"Err":"nats: POST \/LogDriver\.ReadLogs is no request of a log driver"\}/],
  ['another plugin\'s request', request('../VolumeDriver.Mount', '{}'), /^HTTP\/1\.1 404 [^]*is no request of a log driver"\}/],
  ['StopLogging for a file that nobody knows', request('StopLogging', '{"File":"/etc/passwd"}'), /\{"Err":""\}/],
];

test('A7: bytes that are no request of an engine are answered with what was wanted, or not at all, and take nothing from others', async (t) => {
  const { rig, honest } = await startBusy(t);
  for (const [what, bytes, words] of BYTES) {
    await honest.write(20);
    const { socket, said } = await dial(rig);
    socket.write(bytes);
    await until(`an answer to ${what}`, () => said().endsWith('}'));
    socket.destroy();
    t.regex(said(), words, what);
    t.false(said().includes(CANARY), what);
  }
  const { socket: halfClosed } = await dial(rig);
  halfClosed.end(request('StartLogging', '{', 100));
  await once(halfClosed, 'close');
  await expectUnharmed(t, { rig, honest });
});

test('A7: requests in a row are answered in a row, also behind one that was refused', async (t) => {
  const { rig, honest } = await startBusy(t);
  const { socket, said } = await dial(rig);
  socket.write(Buffer.concat([request('StartLogging', 'x'.repeat(9 * MIB)), request('StopLogging', '{"File":"/a"}'), request('ReadLogs', ''), request('Capabilities', '')]));
  await until('four answers', () => said().match(/"Err"/g)?.length === 4);
  socket.destroy();
  t.deepEqual(said().match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
  t.deepEqual([...said().matchAll(/"Err":"([^"]{0,18})/g)].map(([, text]) => text), ['nats: StartLogging', '', 'nats: POST /LogDri', '']);
  await expectUnharmed(t, { rig, honest });
});

test('A7: a hundred bodies that never end hold up no container and take no memory without a bound; what breaks off leaves nothing', async (t) => {
  const { rig, honest } = await startBusy(t);
  const before = rig.plugin.memory;
  const slow = await Promise.all(Array.from({ length: 100 }, () => dial(rig)));
  const { file } = rig.engine.createFifo();
  const part = request('StartLogging', goJson({ File: file, Info: SAMPLE_INFO }).slice(0, -10), 10 * MIB);
  for (const { socket } of slow) socket.write(Buffer.concat([part, Buffer.alloc(3 * MIB, ' ')]));
  await until('they are read', () => slow.every(({ socket }) => socket.writableLength === 0));
  const second = await rig.container('second');
  await second.write(100);
  await second.stop();
  await honest.write(100);
  t.deepEqual(await rig.verdict(), CLEAN);
  const grown = rig.plugin.memory - before;
  t.log(`memory has grown by ${Math.round(grown / MIB)} MiB`);
  t.true(grown < 200 * MIB, `300 MiB of bodies that are not whole have taken ${grown} bytes`);
  for (const { socket } of slow) socket.destroy();
  await rig.plugin.logged('plugin socket', { error: /^StartLogging: the connection was closed after \d+ bytes of the request$/ });
  await honest.stop();
  await until('no session is left', async () => (await rig.status()).sessions.length === 0);
  t.deepEqual(rig.plugin.log('session started').map(({ container }) => container), ['honest', 'second']);
});
