/**
 * `npm run bench:jetstream [-- --lines N]`: how fast lines get from a FIFO into a stream with file storage, each one confirmed, beside a bare
 * client that only writes prepared messages and counts answers: the server's own limit on this machine.
 */
import { connect as connectSocket } from 'node:net';
import { parseArgs } from 'node:util';
import { spawn } from 'node:child_process';
import { connect, StorageType } from 'nats';
import { FakeEngine } from '../test/support/fake-engine.ts';
import { encodeFrame, entriesOf } from '../test/support/log-entry.ts';
import { startNatsProcess } from '../test/support/nats-process.ts';
import { isAnswered } from '../test/support/plugin-process.ts';
import { until } from '../test/support/wait.ts';
import { SYSTEMS } from './systems.ts';
import { cpuMicros } from './usage.ts';
import { Workshop } from './workshop.ts';

const LINE = 'x'.repeat(150);
const WINDOW = 8192;

interface Result {
  readonly linesPerSecond: number;
  readonly microsPerLine: number;
}

async function withStream(run: (url: string, port: number, count: () => Promise<number>) => Promise<Result>): Promise<Result> {
  const nats = await startNatsProcess({ config: 'jetstream { store_dir: "jetstream" }\n' });
  const client = await connect({ servers: nats.url });
  const manager = await client.jetstreamManager();
  await manager.streams.add({ name: 'LOGS', subjects: ['logs.>'], storage: StorageType.File });
  try {
    return await run(nats.url, nats.port, async () => (await manager.streams.info('LOGS')).state.messages);
  } finally {
    await client.close();
    await nats.stop();
  }
}

/** Prepared messages of the size that ours have, the same window, and nothing else. */
function bare(lines: number): Promise<Result> {
  return withStream((_url, port) => new Promise((resolve, reject) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.setNoDelay(true);
    const payload = 'p'.repeat(490);
    let sent = 0;
    let answered = 0;
    let rest = '';
    const before = process.cpuUsage();
    const start = performance.now();
    const send = (): void => {
      const parts: string[] = [];
      for (; sent < lines && sent - answered < WINDOW; sent++) {
        const headers = `NATS/1.0\r\nNats-Msg-Id: bare-1:${sent}\r\nNats-Log-Session: bare-1\r\nNats-Log-Sequence: ${sent}\r\n\r\n`;
        parts.push(`HPUB logs.bare _INBOX.bare.${sent} ${headers.length} ${headers.length + payload.length}\r\n${headers}${payload}\r\n`);
      }
      if (parts.length > 0) socket.write(parts.join(''));
    };
    socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true,"protocol":1}\r\nSUB _INBOX.bare.* 1\r\n');
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      const text = rest + chunk.toString('latin1');
      const end = text.lastIndexOf('\r\n') + 2;
      rest = text.slice(end);
      answered += text.slice(0, end).split('"stream"').length - 1;
      if (text.includes('PING\r\n')) socket.write('PONG\r\n');
      if (answered < lines) return send();
      socket.destroy();
      const { user, system } = process.cpuUsage(before);
      resolve({ linesPerSecond: lines / (performance.now() - start) * 1000, microsPerLine: (user + system) / lines });
    });
    send();
  }));
}

function ours(lines: number): Promise<Result> {
  return withStream(async (url, _port, count) => {
    const workshop = new Workshop();
    const [system] = SYSTEMS;
    if (system === undefined) throw new Error('there is nothing to measure');
    const socket = workshop.path('nats.sock');
    const [command = '', ...args] = (await system.prepare(workshop, [])).command(socket, workshop.path('state'));
    const driver = spawn(command, args, {
      env: { ...process.env, NATS_SERVERS: url, NATS_SUBJECT: 'logs.{{.Name}}', NATS_TRANSPORT: 'jetstream', LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const engine = new FakeEngine(socket);
    try {
      await until('the driver listens', () => isAnswered(socket));
      const logger = await engine.startLogging();
      const batch = 100;
      const frames = Buffer.concat(entriesOf('stdout', `${LINE}\n`.repeat(batch)).map(encodeFrame));
      const warmUp = 20_000;
      for (let i = 0; i < warmUp; i += batch) await logger.write(frames);
      await until('it is warm', async () => await count() === warmUp);
      const before = cpuMicros(driver.pid ?? 0);
      const start = performance.now();
      for (let i = 0; i < lines; i += batch) await logger.write(frames);
      await until('every line is stored', async () => await count() === warmUp + lines, 120_000);
      return { linesPerSecond: lines / (performance.now() - start) * 1000, microsPerLine: (cpuMicros(driver.pid ?? 0) - before) / lines };
    } finally {
      engine.close();
      driver.kill('SIGKILL');
      workshop.clear();
    }
  });
}

const { values } = parseArgs({ options: { lines: { type: 'string', default: '300000' }, rounds: { type: 'string', default: '3' } } });
console.log('| round | bare client lines/s | µs/line | driver lines/s | µs/line |\n|---:|---:|---:|---:|---:|');
for (let round = 1; round <= Number(values.rounds); round++) {
  const [server, driver] = [await bare(Number(values.lines)), await ours(Number(values.lines))];
  const cells = [server, driver].map(({ linesPerSecond, microsPerLine }) => `${Math.round(linesPerSecond).toLocaleString('en')} | ${microsPerLine.toFixed(2)}`);
  console.log(`| ${round} | ${cells.join(' | ')} |`);
}
