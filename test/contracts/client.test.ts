/**
 * What the driver uses of the inside of the `nats` package. When one of these fails, the package has changed: messages then take the
 * public way, which is right but slow, until src/nats/link.ts and src/nats/socket.ts know the new inside.
 */
import { connect, type NatsConnection } from 'nats';
import test, { type ExecutionContext } from 'ava';
import { Log } from '../../src/core/log.ts';
import { Connections } from '../../src/nats/connections.ts';
import { dial, isKnownClient, openClient, type Link, type LinkSettings } from '../../src/nats/link.ts';
import { fileReaders } from '../../src/options/file-readers.ts';
import { ClientSocket } from '../../src/nats/socket.ts';
import type { NatsServer } from '../support/nats-server.ts';
import { startNatsProcess } from '../support/nats-process.ts';
import { TARGET } from '../support/target.ts';
import { until } from '../support/wait.ts';

const SETTINGS: LinkSettings = { name: 'contract', ...fileReaders(() => []) };
const LISTENER = { refused: () => undefined, deaf: () => undefined, lameDuck: () => undefined, drained: () => undefined, closed: () => undefined };

interface Bench {
  readonly server: { readonly host: string; readonly port: number; readonly tls: boolean };
  readonly other: NatsConnection;
  readonly nats: NatsServer;
}

function withServer(run: (t: ExecutionContext, bench: Bench) => Promise<void>) {
  return async (t: ExecutionContext): Promise<void> => {
    const nats = await startNatsProcess({});
    const other = await connect({ servers: nats.url });
    try {
      await run(t, { server: { host: '127.0.0.1', port: nats.port, tls: false }, other, nats });
    } finally {
      await other.close();
      await nats.stop();
    }
  };
}

test('the inside of the client is the one that is known: its socket is ours, and it reads with one listener', withServer(async (t, { server }) => {
  const client = await openClient(server, { ...TARGET, servers: [server] }, SETTINGS);
  t.true(client.protocol.transport instanceof ClientSocket);
  t.true(isKnownClient(client));
  const transport = client.protocol.transport as unknown as { socket: { on: (event: 'data', listener: () => void) => void } };
  transport.socket.on('data', () => undefined);
  t.false(isKnownClient(client), 'a second one is noticed');
  await client.close();
}));

for (const [way, settings] of [['short', SETTINGS], ['public', { ...SETTINGS, isKnown: () => false }]] as const) {
  test(`the ${way} way: commands arrive as they were encoded, a PONG covers them, and answers come back`, withServer(async (t, { server, other }) => {
    const got: string[] = [];
    other.subscribe('contract.>', {
      callback: (_, message) => {
        const { subject, headers, reply, data } = message;
        got.push(`${subject} ${reply ?? ''} ${headers?.get('Nats-Msg-Id') ?? ''} ${Buffer.from(data).toString('latin1')}`);
        if (reply !== undefined && reply !== '') message.respond(`stored ${got.length}`);
      },
    });
    await other.flush();
    const link: Link = await dial(server, { ...TARGET, servers: [server] }, settings, LISTENER);
    t.is(link.isSlow, way === 'public');
    const answers: string[] = [];
    link.takeAnswers('_INBOX.contract', (number, bytes, start, end, status) => answers.push(`${number} ${status} ${bytes.toString('latin1', start, end)}`));
    link.send(Buffer.from('PUB contract.a      3\r\none\r\nPUB contract.b 0\r\n\r\n', 'latin1'));
    link.send(Buffer.concat([Buffer.from('PUB contract.a 4\r\n'), Buffer.from([0xff, 0x0d, 0x0a, 0x00]), Buffer.from('\r\n')]));
    const headers = 'NATS/1.0\r\nNats-Msg-Id: a:1\r\n\r\n';
    link.send(Buffer.from(`HPUB contract.c _INBOX.contract.7 ${headers.length}    ${headers.length + 4}\r\n${headers}four\r\n`));
    await link.ping();
    await until('all have arrived', () => got.length === 4 && answers.length === 1);
    t.deepEqual(got, ['contract.a   one', 'contract.b   ', 'contract.a   \u00ff\r\n\0', 'contract.c _INBOX.contract.7 a:1 four']);
    t.deepEqual(answers, ['7 0 stored 4']);
    link.close();
  }));
}

test('bytes leave from where they lie, as long as the system takes them; the rest is copied, and the link is full until that has left', withServer(async (t, { server, other, nats }) => {
  const got: string[] = [];
  other.subscribe('full', { callback: (_, { data }) => got.push(Buffer.from(data.subarray(0, 8)).toString()) });
  await other.flush();
  let drains = 0;
  const link = await dial(server, { ...TARGET, servers: [server] }, SETTINGS, { ...LISTENER, drained: () => drains++ });
  const payload = Buffer.alloc(100_000, '.');
  const bytes = Buffer.concat([Buffer.from(`PUB full ${payload.length}\r\n`), payload, Buffer.from('\r\n')]);
  let sent = 0;
  const send = (): void => {
    bytes.write(String(sent++).padStart(8, '0'), bytes.indexOf('\n') + 1);
    link.send(bytes);
  };
  send();
  t.false(link.isFull, 'nothing waits in the process');
  await nats.pause();
  while (!link.isFull && sent < 1000) send();
  t.true(link.isFull);
  send();
  bytes.fill('x');
  await nats.resume();
  await until('the link takes more', () => !link.isFull);
  t.is(drains, 1);
  await until('all have arrived', () => got.length === sent);
  t.deepEqual(got, Array.from({ length: sent }, (_, i) => String(i).padStart(8, '0')));
  link.close();
}));

test('a message that nobody takes is answered with a status by either way', withServer(async (t, { server }) => {
  for (const settings of [SETTINGS, { ...SETTINGS, isKnown: () => false }]) {
    const link = await dial(server, { ...TARGET, servers: [server] }, settings, LISTENER);
    const answers: string[] = [];
    link.takeAnswers('_INBOX.contract', (number, _bytes, start, end, status) => answers.push(`${number} ${status} ${end - start}`));
    // The client sends its own commands a little later.
    await link.ping();
    const headers = 'NATS/1.0\r\nA: b\r\n\r\n';
    link.send(Buffer.from(`HPUB nobody.there _INBOX.contract.3 ${headers.length} ${headers.length + 1}\r\n${headers}x\r\n`));
    await until('the answer', () => answers.length === 1);
    t.deepEqual(answers, ['3 503 0']);
    link.close();
  }
}));

test('a client whose inside is not known is told of once', withServer(async (t, { server }) => {
  const said: string[] = [];
  const log = new Log({ write: (line: string) => said.push(line) > 0 });
  const connections = new Connections({ ...SETTINGS, isKnown: () => false }, 1024 * 1024, log);
  for (const name of ['one', 'two']) {
    const connection = connections.acquire({ ...TARGET, name, servers: [server] });
    await until('the connection', () => connection.state === 'connected');
  }
  t.is(said.filter((line) => line.includes('the inside of the NATS client is not the one that is known')).length, 1);
  connections.closeAll();
}));
