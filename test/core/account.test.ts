import test from 'ava';
import { Account, Books } from '../../src/core/account.ts';
import { Log } from '../../src/core/log.ts';
import { tallyOf } from '../support/tally.ts';

function newAccount(): { account: Account; said: Record<string, unknown>[] } {
  const said: Record<string, unknown>[] = [];
  const log = new Log({ write: (line) => said.push(JSON.parse(line) as Record<string, unknown>) > 0 });
  return { account: new Account(log, 'web'), said };
}

const tally = tallyOf({ lines: 10, truncated: 2, tooLarge: 3, skippedBytes: 7, skippedPlaces: 1 });

test('what NATS confirmed is booked with its losses', (t) => {
  const { account, said } = newAccount();
  account.read(500);
  account.sent(13);
  account.confirmed(tally, false);
  t.deepEqual(account.summary(), { bytes_read: 500, lines_read: 13, lines_confirmed: 10, 'too-large': 3, truncated: 2, skipped_bytes: 7, skipped_places: 1 });
  t.deepEqual(said.map(({ container, reason, truncated_total, skipped_bytes_total }) =>
    [container, reason, truncated_total, skipped_bytes_total]), [
    ['web', undefined, 2, undefined], ['web', 'too-large', undefined, undefined], ['web', undefined, undefined, 7],
  ]);
});

test('lines that the server refused are lost, not confirmed', (t) => {
  const { account } = newAccount();
  account.sent(13);
  account.confirmed(tally, true);
  t.deepEqual(account.summary(), { bytes_read: 0, lines_read: 13, lines_confirmed: 0, 'too-large': 3, 'not-permitted': 10, skipped_bytes: 7, skipped_places: 1 });
});

test('of the lines in a batch that the server refused, those for the dead-letter subject are confirmed', (t) => {
  const { account } = newAccount();
  account.sent(10);
  account.confirmed(tallyOf({ lines: 10, deadLettered: 4 }), true);
  t.deepEqual(account.summary(), { bytes_read: 0, lines_read: 10, lines_confirmed: 4, 'not-permitted': 6, dead_lettered: 4 });
});

test('records that nobody will hear of are a loss, and told of', (t) => {
  const { account, said } = newAccount();
  account.recordsGivenUp(0);
  t.false(account.hasLosses);
  account.recordsGivenUp(2);
  t.true(account.hasLosses);
  t.is(account.summary()['records_given_up'], 2);
  t.is(said[0]?.['records_given_up_total'], 2);
});

test('losses are counted always and told of once a minute', (t) => {
  const { account, said } = newAccount();
  for (let i = 0; i < 1000; i++) account.dropped('overflow', 2);
  t.is(account.linesDropped.overflow, 2000);
  t.is(said.length, 1);
});

test('nothing lost is nothing to tell', (t) => {
  const { account, said } = newAccount();
  account.sent(5);
  account.confirmed(tallyOf({ lines: 5 }), false);
  account.dropped('overflow', 0);
  account.skipped(0, 0);
  t.deepEqual(said, []);
  t.deepEqual(account.summary(), { bytes_read: 0, lines_read: 5, lines_confirmed: 5 });
});

test('lines that are handed over again count as read once', (t) => {
  const { account } = newAccount();
  account.sent(10);
  account.confirmed(tallyOf({ lines: 4 }), false);
  account.rewound();
  account.sent(3);
  account.rewound();
  account.sent(8);
  const { lines_read, lines_resent } = account.counts();
  t.deepEqual([lines_read, lines_resent], [12, 9]);
});

test('what was read is confirmed, dropped, or under way', (t) => {
  const { account } = newAccount();
  account.sent(20);
  account.confirmed(tallyOf({ lines: 5, refused: 1, tooLarge: 2 }), false);
  account.confirmed(tallyOf({ lines: 3 }), true);
  account.rewound();
  account.dropped('overflow', 7);
  account.sent(6);
  const { lines_read, lines_confirmed, lines_resent, lines_dropped } = account.counts();
  t.is(lines_read, 24);
  t.is(lines_read, lines_confirmed + Object.values(lines_dropped).reduce((sum, lines) => sum + lines) + 6);
  t.is(lines_resent, 2, 'of the nine that were lost, seven were given up');
});

test('the books of a transport outlive its sessions', (t) => {
  const books = new Books();
  const log = new Log({ write: () => true });
  for (const name of ['web', 'db']) {
    const account = new Account(log, name, books);
    account.read(100);
    account.sent(3);
    account.confirmed(tallyOf({ lines: 2, split: 1, gaps: 1, bytes: 90 }), false);
    account.dropped('gave-up', 1);
  }
  t.is(books.bytesRead, 200);
  t.like(books.counts(), { lines_read: 8, lines_confirmed: 4, lines_split: 2, gaps: 2, bytes_confirmed: 180 });
  t.is(books.counts().lines_dropped['gave-up'], 2);
});

test('the latency is that of the newest line of what is confirmed, whatever became of the clock', (t) => {
  const books = new Books();
  let now = 1_000_000;
  const account = new Account(new Log({ write: () => true }), 'web', books, () => now);
  account.confirmed(tallyOf({ lines: 5, newest: 998_000 }), false);
  account.confirmed(tallyOf({ lines: 1, newest: 1_500_000 }), false);
  account.confirmed(tallyOf({ gaps: 1 }), false);
  t.like(books.latency.status(), { count: 2, sum_seconds: 2 });
});

test('the oldest unconfirmed line is no older than what was confirmed before it, nor than what waits', (t) => {
  let now = 10_000;
  const account = new Account(new Log({ write: () => true }), 'web', new Books(), () => now);
  account.read(10);
  now = 15_000;
  account.read(10);
  t.is(account.oldestAge(true), 5);
  account.confirmed(tallyOf({ lines: 1, newest: 12_000 }), false);
  t.is(account.oldestAge(true), 3);
  account.settled();
  t.is(account.oldestAge(false), 0);
  now = 60_000;
  account.read(10);
  now = 61_000;
  t.is(account.oldestAge(true), 1, 'a quiet container has no old lines');
});
