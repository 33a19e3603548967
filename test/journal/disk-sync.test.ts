/** What a power failure must not take, and that nobody waits for the disk meanwhile. */
import test from 'ava';
import { bytes, newHost, open, text } from '../support/journal-host.ts';

/** A journal within a round of syncs, with bytes that the round does not know. */
function withinSync(): ReturnType<typeof newHost> & Pick<ReturnType<typeof open>, 'journal'> {
  const host = newHost();
  const { journal } = open(host.budget, { sync: 'interval' });
  journal.append(bytes('one '));
  host.ticks(5);
  host.fs.settle(1);
  journal.append(bytes('two '));
  return { ...host, journal };
}

for (const sync of ['interval', 'always'] as const) {
  test(`what earlier processes left is made safe without a wait (sync ${sync}), and what all sessions share once`, (t) => {
    const { fs, budget } = newHost();
    const folders = Array.from({ length: 100 }, (_, i) => `/journal/${i}`);
    for (const folder of folders) open(budget, { folder, id: folder }).journal.append(bytes('one '));
    fs.kill();
    const next = newHost({ fs });
    const journals = folders.map((folder) => open(next.budget, { folder, id: folder, sync }).journal);
    const calls: string[] = [];
    fs.inject = (call, path) => {
      if (call.startsWith('sync')) calls.push(`${call} ${path}`);
      return undefined;
    };
    next.ticks(5);
    t.deepEqual(calls, [], 'the tick itself syncs nothing');
    t.false(journals.some((journal) => journal.isSynced));
    fs.settle();
    t.true(journals.every((journal) => journal.isSynced));
    t.true(calls.every((call) => call.startsWith('syncLater')));
    t.true(calls.filter((call) => call === 'syncLater /journal').length <= 2, 'those that were under way at the same time');
  });
}

test('a disk that cannot sync is told of, and tried again', (t) => {
  const { fs, budget, ticks, said } = newHost();
  const { journal } = open(budget, { sync: 'interval' });
  journal.append(bytes('one '));
  fs.inject = (call) => call === 'syncLater' ? { code: 'EIO' } : undefined;
  ticks(5);
  fs.settle();
  t.deepEqual(said, ['failed EIO']);
  t.false(journal.isSynced);
  fs.inject = () => undefined;
  ticks(5);
  fs.settle();
  t.deepEqual(said, ['failed EIO', 'healed']);
  t.true(journal.isSynced);
});

test('bytes that came while a file was being synced are not taken for safe', (t) => {
  const { fs, ticks, journal } = withinSync();
  fs.settle();
  t.false(journal.isSynced);
  ticks(5);
  fs.settle();
  t.true(journal.isSynced);
  fs.losePower(() => 0);
  t.is(text(open(newHost({ fs }).budget).journal), 'one two ');
});

test('at an orderly end what is not safe is made safe beside the event loop, and only then is the journal closed', async (t) => {
  const { fs, budget } = newHost();
  const calls: string[] = [];
  fs.inject = (call, path) => {
    if (call.startsWith('sync')) calls.push(`${call} ${path}`);
    return undefined;
  };
  const { journal } = open(budget, { sync: 'interval' });
  journal.append(bytes('one two '));
  journal.release(4, 1);
  let isClosed = false;
  const closed = journal.close().then(() => isClosed = true);
  t.deepEqual(calls, [], 'the call itself syncs nothing');
  await Promise.resolve();
  t.false(isClosed);
  fs.settle();
  await closed;
  t.true(calls.every((call) => call.startsWith('syncLater')));
  t.deepEqual([fs.openCount, budget.used], [0, 0]);
  fs.losePower(() => 0);
  const again = open(newHost({ fs }).budget).journal;
  t.is(text(again, again.watermark), 'two ');
});

test('an end that comes while a round of syncs is under way makes safe what that round does not know', async (t) => {
  const { fs, journal } = withinSync();
  const closed = journal.close();
  fs.settle();
  await closed;
  fs.losePower(() => 0);
  t.is(text(open(newHost({ fs }).budget).journal), 'one two ');
});

test('a disk that cannot sync does not hold up the end', async (t) => {
  const { fs, budget, said } = newHost();
  const { journal } = open(budget, { sync: 'always' });
  journal.append(bytes('one '));
  journal.release(2, 0);
  fs.inject = (call) => call === 'syncLater' ? { code: 'EIO' } : undefined;
  const closed = journal.close();
  fs.settle();
  await closed;
  t.deepEqual(said, ['failed EIO', 'healed']);
});
