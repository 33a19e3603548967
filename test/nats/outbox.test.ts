import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Outbox } from '../../src/nats/outbox.ts';
import { until } from '../support/wait.ts';
import { FakeLink } from './fake-link.ts';
import { Writer } from './writer.ts';

const WINDOW = 256 * 1024;

/** An outbox whose link is open, and a lane that writes. `lineBytes`: that one of its lines has at least. */
function newBench({ subject = 'a', lineBytes = 10 } = {}): { outbox: Outbox; link: FakeLink; writer: Writer } {
  const outbox = new Outbox(WINDOW);
  const link = new FakeLink();
  outbox.open(link);
  return { outbox, link, writer: new Writer(outbox, subject, lineBytes) };
}

test('lines leave at the end of the turn, with one PING behind them, and its PONG confirms them', async (t) => {
  const { link, writer } = newBench();
  writer.produce(2);
  t.is(link.unconfirmed.length, 0);
  await turn();
  t.deepEqual(link.unconfirmed.map((bytes) => bytes.toString()), ['[a 0].....[a 1].....']);
  t.is(link.openPings, 1);
  t.is(writer.booked, 0);
  await link.pong();
  t.deepEqual([writer.watermark, writer.booked], [2, 2]);
  t.is(link.openPings, 0, 'nothing is left to ask for');
});

test('a PONG confirms what was sent before its PING, and nothing else', async (t) => {
  const { link, writer } = newBench();
  writer.produce(1);
  await turn();
  writer.produce(1);
  await turn();
  t.is(link.openPings, 1, 'one PING at a time');
  await link.pong();
  t.is(writer.watermark, 1);
  await until('the next PING', () => link.openPings === 1);
  await link.pong();
  t.is(writer.watermark, 2);
});

test('who waits for a confirmation, or for room, does not wait for the time between two PINGs', async (t) => {
  const { outbox, link, writer } = newBench();
  writer.produce(1);
  await turn();
  await link.pong();
  writer.produce(1);
  await turn();
  outbox.hurry();
  t.is(link.openPings, 1);
  await link.pong();
  writer.produce(1);
  await turn();
  outbox.wait(writer);
  t.is(link.openPings, 1);
  await link.pong();
  t.is(writer.watermark, 3);
});

test('without a link nothing is sent; a lane that waits is called when there is one', async (t) => {
  const outbox = new Outbox(WINDOW);
  const writer = new Writer(outbox, 'a');
  writer.produce(3);
  t.false(outbox.isReady);
  t.is(writer.cursor, 0);
  const link = new FakeLink();
  outbox.open(link);
  t.is(writer.cursor, 3);
  await turn();
  await link.pong();
  t.is(writer.booked, 3);
});

test('a large amount leaves without waiting for the end of the turn', (t) => {
  const { link, writer } = newBench({ lineBytes: 1000 });
  writer.produce(200);
  t.is(link.unconfirmed.length, 1);
  t.true(link.unconfirmedBytes >= 192 * 1024);
});

test('while the system takes no more, nothing more is written; a lane that waits is called when it does', async (t) => {
  const { outbox, link, writer } = newBench();
  link.isFull = true;
  t.false(outbox.isReady);
  writer.produce(2);
  await turn();
  t.deepEqual([writer.cursor, link.unconfirmed.length], [0, 0]);
  link.isFull = false;
  outbox.drained();
  await turn();
  await link.pong();
  t.is(writer.booked, 2);
});

test('what was written when the system took no more leaves first when it does', async (t) => {
  const { outbox, link, writer } = newBench();
  writer.produce(1);
  link.isFull = true;
  await turn();
  outbox.hurry();
  t.is(link.unconfirmed.length, 0);
  link.isFull = false;
  outbox.drained();
  t.deepEqual(link.unconfirmed.map((bytes) => bytes.toString()), ['[a 0].....']);
  outbox.hurry();
  await link.pong();
  t.is(writer.booked, 1);
});

test('a closed outbox writes nowhere: its buffer is lent to another one', (t) => {
  const { outbox } = newBench();
  const { buffer } = outbox.out;
  outbox.close();
  outbox.close();
  const [one, other] = [new Outbox(WINDOW), new Outbox(WINDOW)];
  t.false(one.out.buffer.buffer === other.out.buffer.buffer && one.out.buffer.byteOffset === other.out.buffer.byteOffset, 'lent once');
  for (const each of [one, other]) each.close();
  t.false(outbox.isReady);
  outbox.out.append(Buffer.from('late'));
  t.not(outbox.out.buffer.buffer, buffer.buffer);
});

test('what was sent over a lost link counts for nothing, and its late PONG neither', async (t) => {
  const { outbox, link: first, writer } = newBench();
  writer.produce(5);
  await turn();
  outbox.lose();
  t.deepEqual([writer.losses, writer.cursor, outbox.isReady], [1, 0, false]);
  const second = new FakeLink();
  outbox.open(second);
  await turn();
  await first.pong();
  t.is(writer.booked, 0);
  await second.pong();
  t.deepEqual([writer.booked, writer.watermark], [5, 5]);
});

test('lines that were written and not sent yet are lost with the link, too', async (t) => {
  const { outbox, writer } = newBench();
  writer.produce(5);
  outbox.lose();
  const link = new FakeLink();
  outbox.open(link);
  await turn();
  await link.pong();
  t.is(link.confirmed.match(/\[a /g)?.length, 5, 'sent once');
  t.is(writer.booked, 5);
});

test('a lane that went away is not called any more', async (t) => {
  const { outbox, link, writer } = newBench();
  writer.produce(1);
  await turn();
  outbox.remove(writer);
  await link.pong();
  outbox.lose();
  outbox.giveUp();
  t.deepEqual([writer.booked, writer.losses, writer.gaveUps], [0, 0, 0]);
});

test('giving up is told to every lane', (t) => {
  const outbox = new Outbox(WINDOW);
  const writers = ['a', 'b'].map((subject) => new Writer(outbox, subject));
  outbox.giveUp();
  t.deepEqual(writers.map(({ gaveUps }) => gaveUps), [1, 1]);
});

test('lines of a refused subject are booked as refused; those of others are not', async (t) => {
  const { outbox, link, writer: good } = newBench();
  const bad = new Writer(outbox, 'bad');
  good.produce(2);
  bad.produce(3);
  await turn();
  outbox.refuse('bad');
  await link.pong();
  t.deepEqual([good.booked, good.refusedLines, bad.booked, bad.refusedLines], [2, 0, 0, 3]);
  bad.produce(1);
  outbox.hurry();
  await link.pong();
  t.deepEqual([bad.booked, bad.refusedLines], [1, 3], 'the server may permit it meanwhile');
});

test('a refusal that is heard together with an earlier PONG counts for the lines behind that PONG, too', async (t) => {
  const { outbox, link, writer: bad } = newBench({ subject: 'bad' });
  bad.produce(1);
  await turn();
  bad.produce(1);
  await turn();
  // One read of the socket brings: -ERR for the first line, PONG, -ERR for the second.
  outbox.refuse('bad');
  outbox.refuse('bad');
  await link.pong();
  outbox.hurry();
  await link.pong();
  t.deepEqual([bad.booked, bad.refusedLines], [0, 2]);
});

test('lanes have their turns one after the other: a busy one waits behind the others', async (t) => {
  const outbox = new Outbox(64 * 1024);
  const link = new FakeLink();
  const flood = new Writer(outbox, 'flood', 1000);
  const quiet = ['q1', 'q2', 'q3'].map((subject) => new Writer(outbox, subject));
  outbox.open(link);
  flood.produce(1_000_000);
  for (const writer of quiet) writer.produce(1);
  for (let round = 0; round < 3; round++) {
    await turn();
    await link.pong();
  }
  t.deepEqual(quiet.map(({ watermark }) => watermark), [1, 1, 1]);
  t.true(flood.turns >= 1);
});

test('the window is kept: it is exceeded by what one lane wrote at once, at most', async (t) => {
  const line = 40_000;
  const { outbox, link, writer } = newBench({ lineBytes: line });
  writer.produce(100);
  await turn();
  t.true(link.unconfirmedBytes >= WINDOW);
  t.true(link.unconfirmedBytes < WINDOW + line, `${link.unconfirmedBytes} bytes`);
  t.false(outbox.isReady);
});

test('an idle link is asked for a sign of life, and owes it from then on', async (t) => {
  const { now } = performance;
  let time = 1000;
  performance.now = () => time;
  try {
    const { outbox, link } = newBench();
    time += 4999;
    t.is(outbox.probe(5000), 0);
    t.is(link.openPings, 0);
    time += 60_000;
    t.is(outbox.probe(5000), 0, 'this process stood still: the server owes nothing before it was asked');
    t.is(link.openPings, 1);
    time += 3000;
    t.is(outbox.probe(5000), 3000);
    await link.pong();
    t.is(outbox.probe(5000), 0);
  } finally {
    performance.now = now;
  }
});
