import { mock } from 'node:test';
import test from 'ava';
import { Acks, type AckBatch, type AckLane } from '../../src/nats/acks.ts';
import type { Answer } from '../../src/nats/publish-answer.ts';

interface Bench {
  readonly acks: Acks;
  readonly told: readonly string[];
  /** A batch with one message. */
  batch(): AckBatch;
  pass(ms: number): void;
}

function newBench(): Bench {
  let clock = 0;
  const told: string[] = [];
  const acks = new Acks('_INBOX.x', 1024 * 1024, () => clock);
  const owner: AckLane = {
    isFailing: false, stored: () => told.push('stored'), failed: () => told.push('failed'), ready: () => undefined,
    retry: ({ code }: Answer) => void told.push(code),
  };
  return {
    acks, told,
    batch: () => {
      const batch: AckBatch = { owner, watermark: 0, pending: 0, readAt: Number.POSITIVE_INFINITY };
      acks.window.add({ batch, offset: 0, ordinal: 0, isDeadLetter: false }, 100);
      return batch;
    },
    pass: (ms) => {
      clock += ms;
      mock.timers.tick(ms);
    },
  };
}

test.before(() => mock.timers.enable({ apis: ['setInterval'] }));
test.after.always(() => mock.timers.reset());

test.serial('N13: an answer is late five seconds after the server has read the message', (t) => {
  const { acks, told, batch, pass } = newBench();
  acks.read(batch());
  pass(4500);
  t.deepEqual(told, []);
  pass(1000);
  t.deepEqual(told, ['timeout']);
  t.is(acks.window.count, 0, 'nobody waits for it any more');
});

test.serial('N12: a message that waits on our side of a slow link is not late, however long that takes', (t) => {
  const { acks, told, batch, pass } = newBench();
  acks.read(batch());
  acks.window.take(1);
  const waiting = batch();
  pass(60_000);
  t.deepEqual(told, []);
  acks.read(waiting);
  pass(5500);
  t.deepEqual(told, ['timeout']);
});
