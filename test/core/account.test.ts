import test from 'ava';
import { Account } from '../../src/core/account.ts';
import { Log } from '../../src/core/log.ts';
import { tallyOf } from '../support/tally.ts';

function newAccount(): { account: Account; said: Record<string, unknown>[] } {
  const said: Record<string, unknown>[] = [];
  const log = new Log({ write: (line) => said.push(JSON.parse(line) as Record<string, unknown>) > 0 });
  return { account: new Account(log, 'web'), said };
}

const tally = tallyOf({ lines: 10, truncated: 2, tooLarge: 3, skippedBytes: 7 });

test('what NATS confirmed is booked with its losses', (t) => {
  const { account, said } = newAccount();
  account.read(500);
  account.confirmed(tally, false);
  t.deepEqual(account.summary(), { bytes_read: 500, lines_confirmed: 10, 'too-large': 3, truncated: 2, skipped_bytes: 7 });
  t.deepEqual(said.map(({ container, reason, truncated_total, skipped_bytes_total }) =>
    [container, reason, truncated_total, skipped_bytes_total]), [
    ['web', undefined, 2, undefined], ['web', 'too-large', undefined, undefined], ['web', undefined, undefined, 7],
  ]);
});

test('lines that the server refused are lost, not confirmed', (t) => {
  const { account } = newAccount();
  account.confirmed(tally, true);
  t.deepEqual(account.summary(), { bytes_read: 0, lines_confirmed: 0, 'too-large': 3, 'not-permitted': 10, skipped_bytes: 7 });
});

test('losses are counted always and told of once a minute', (t) => {
  const { account, said } = newAccount();
  for (let i = 0; i < 1000; i++) account.dropped('overflow', 2);
  t.is(account.linesDropped.overflow, 2000);
  t.is(said.length, 1);
});

test('nothing lost is nothing to tell', (t) => {
  const { account, said } = newAccount();
  account.confirmed(tallyOf({ lines: 5 }), false);
  account.dropped('overflow', 0);
  account.skipped(0);
  t.deepEqual(said, []);
  t.deepEqual(account.summary(), { bytes_read: 0, lines_confirmed: 5 });
});
