/**
 * Subscribes to all messages of the bench and checks that every line arrives once, in order and whole. Speaks the
 * protocol of NATS itself and reads in place: a client would be what the bench measures.
 * Source: docs.nats.io, reference of the client protocol.
 */
import { connect } from 'node:net';
import { blankLine, CLOCK_AT, CLOCK_DIGITS, clockMicros, fillerOf, NUMBER_AT, NUMBER_DIGITS, readDigits } from './line.ts';
import { SUBJECT_PREFIX, totalLines, type Load } from './load.ts';
import { report } from './messages.ts';

/** The beginning of a message whose rest has not come is kept in front of the next read. */
const KEPT_BYTES = 64 * 1024;
const READ_BYTES = 1024 * 1024;
/** After the last line, for one that arrives twice. */
const LINGER_MS = 100;
const STALLED_MS = 10_000;
/** One in so many messages is compared whole. */
const COMPARE_EVERY = 500;
const PROGRESS_EVERY = 1024;
const TEXT_KEY = '"text":"n=';
const NEWLINE = 0x0a;
const BLANK = 0x20;
const M = 0x4d;
/** `MSG bench.c` */
const CONTAINER_AT = 4 + SUBJECT_PREFIX.length;

const [port = '', load = ''] = process.argv.slice(2);
const order = JSON.parse(load) as Load;
const total = totalLines(order);
const filler = fillerOf(blankLine(order.lineBytes));
const buffer = Buffer.alloc(KEPT_BYTES + READ_BYTES);
const next = new Int32Array(order.containers);
/** Per container: where the text begins in its payloads, and how long they are. All of its messages are alike in that. */
const textAt = new Int32Array(order.containers);
const payloadBytes = new Int32Array(order.containers);
const latencies = new Float64Array(order.linesPerSecond > 0 ? total : 0);
let received = 0;
let firstMicros = 0;
let nowMicros = 0;

function fail(reason: string): never {
  report({ type: 'failed', reason: `${reason}; ${received} of ${total} lines had arrived` });
  process.exit(1);
}

/** The first message of a container shows how all of them look. */
function learn(container: number, start: number, end: number): void {
  const at = buffer.subarray(start, end).indexOf(TEXT_KEY);
  if (at < 0) fail(`container ${container}: no line of the bench in ${buffer.toString('utf8', start, end)}`);
  textAt[container] = at + TEXT_KEY.length - 2;
  payloadBytes[container] = end - start;
}

function compareWhole(container: number, start: number, end: number): void {
  const message = JSON.parse(buffer.toString('utf8', start, end)) as { text: string; source: string };
  if (message.source !== 'stdout' || fillerOf(message.text) !== filler) fail(`container ${container}: another text: ${message.text}`);
}

function receive(container: number, start: number, end: number): void {
  const expected = next[container];
  if (expected === undefined) fail(`a message of container ${container}, which there is not`);
  if (textAt[container] === 0) learn(container, start, end);
  const text = start + (textAt[container] as number);
  const isAlike = end - start === payloadBytes[container] && buffer[text] === 0x6e && buffer[text + 1] === 0x3d;
  const number = isAlike ? readDigits(buffer, text + NUMBER_AT, NUMBER_DIGITS) : Number.NaN;
  if (number !== expected) fail(`container ${container}: line ${expected} expected, got ${buffer.toString('utf8', start, end)}`);
  if (number % COMPARE_EVERY === 0) compareWhole(container, start, end);
  if (latencies.length > 0) latencies[received] = nowMicros - readDigits(buffer, text + CLOCK_AT, CLOCK_DIGITS);
  next[container] = expected + 1;
  received++;
  if (received % PROGRESS_EVERY === 0) report({ type: 'progress', lines: received });
}

/** Returns where the command after the one at `at` begins, or -1 when it is not there whole. */
function command(at: number, limit: number): number {
  let lineEnd = at;
  while (lineEnd < limit && buffer[lineEnd] !== NEWLINE) lineEnd++;
  if (lineEnd === limit) return -1;
  if (buffer[at] !== M) {
    other(buffer.toString('latin1', at, lineEnd - 1));
    return lineEnd + 1;
  }
  let size = 0;
  let digit = 1;
  for (let i = lineEnd - 2; buffer[i] !== BLANK; i--, digit *= 10) size += ((buffer[i] as number) - 0x30) * digit;
  const end = lineEnd + 1 + size;
  if (end + 2 > limit) return -1;
  let container = 0;
  for (let i = at + CONTAINER_AT; buffer[i] !== BLANK; i++) container = container * 10 + (buffer[i] as number) - 0x30;
  receive(container, lineEnd + 1, end);
  return end + 2;
}

function other(line: string): void {
  if (line === 'PING') socket.write('PONG\r\n');
  else if (line === 'PONG') report({ type: 'subscribed' });
  else if (line.startsWith('-ERR')) fail(`nats-server says ${line}`);
}

let keptFrom = KEPT_BYTES;

function read(size: number): boolean {
  nowMicros = clockMicros();
  const limit = KEPT_BYTES + size;
  let at = keptFrom;
  for (let end = command(at, limit); end >= 0; end = command(at, limit)) at = end;
  if (limit - at > KEPT_BYTES) fail('a message is longer than the receiver can keep');
  buffer.copy(buffer, KEPT_BYTES - (limit - at), at, limit);
  keptFrom = KEPT_BYTES - (limit - at);
  if (received > 0) firstMicros ||= nowMicros;
  stalled.refresh();
  if (received === total) setTimeout(finish, LINGER_MS, nowMicros);
  return true;
}

function finish(lastMicros: number): void {
  const messageBytes = Math.max(...payloadBytes);
  latencies.sort();
  const quantile = (q: number): number => (latencies[Math.floor((latencies.length - 1) * q)] ?? Number.NaN) / 1000;
  report({ type: 'received', firstMicros, lastMicros, messageBytes, p50Ms: quantile(0.5), p99Ms: quantile(0.99) });
  clearTimeout(stalled);
}

const stalled = setTimeout(() => fail(`nothing came for ${STALLED_MS} ms`), STALLED_MS);
const socket = connect({
  host: '127.0.0.1', port: Number(port), onread: { buffer: buffer.subarray(KEPT_BYTES), callback: read },
});
socket.on('close', () => fail('nats-server closed the connection'));
process.on('disconnect', () => process.exit());
socket.write(`CONNECT {"verbose":false,"pedantic":false}\r\nSUB ${SUBJECT_PREFIX.split('.')[0]}.> 1\r\nPING\r\n`);
