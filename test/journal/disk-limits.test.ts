import test from 'ava';
import { bytes, MIB, newHost, open, segments, text } from '../support/journal-host.ts';

test('the session with the most unread bytes gives up its oldest when the host limit is reached', (t) => {
  const { fs, budget } = newHost({ limit: 4 * MIB });
  const [quiet, loud] = [open(budget), open(budget, { folder: '/journal/loud', id: 'loud' })];
  quiet.journal.append(bytes('quiet'));
  for (let i = 0; i < 160; i++) loud.journal.append(Buffer.alloc(64 * 1024, i));
  t.is(quiet.shed, 0);
  t.true(loud.shed >= 6 * MIB && loud.shed <= 8 * MIB, `${loud.shed} bytes`);
  t.true(fs.usedBytes <= 4.1 * MIB, `${fs.usedBytes} bytes`);
  t.is(text(quiet.journal), 'quiet');
});

test('a session gives up its own oldest when its own limit is reached', (t) => {
  const { fs, budget } = newHost();
  const loud = open(budget);
  loud.journal.limit = MIB;
  for (let i = 0; i < 64; i++) loud.journal.append(Buffer.alloc(64 * 1024, i));
  t.true(loud.shed >= 3 * MIB && loud.shed <= 3.5 * MIB, `${loud.shed} bytes`);
  t.true(fs.usedBytes <= 1.1 * MIB);
});

test('a limit that becomes smaller holds from the next lines on, for a session and for all together', (t) => {
  const { fs, budget } = newHost();
  const loud = open(budget);
  const append = (count: number): void => {
    for (let i = 0; i < count; i++) loud.journal.append(Buffer.alloc(64 * 1024, i));
  };
  append(128);
  t.deepEqual([loud.shed, loud.journal.isFull], [0, false]);
  loud.journal.limit = 4 * MIB;
  t.true(loud.journal.isFull);
  append(16);
  t.true(fs.usedBytes <= 4.1 * MIB, `${fs.usedBytes} bytes`);
  budget.limit = MIB;
  append(16);
  t.true(fs.usedBytes <= 1.1 * MIB, `${fs.usedBytes} bytes`);
  loud.journal.limit = budget.limit = 64 * MIB;
  const { shed } = loud;
  append(128);
  t.is(loud.shed, shed, 'there is room again');
});

test('K1: some of the disk stays free: the oldest are given up instead', (t) => {
  const { fs, budget, ticks } = newHost();
  fs.capacity = 20 * MIB;
  const loud = open(budget);
  for (let i = 0; i < 640; i++) {
    loud.journal.append(Buffer.alloc(64 * 1024, i));
    if (i % 10 === 0) ticks(10);
    t.true(fs.usedBytes <= 19.1 * MIB, `${fs.usedBytes} bytes`);
  }
  t.true(loud.shed >= 20 * MIB);
});

for (const code of ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE']) {
  test(`K1: bytes stay in memory while the disk says ${code}, and go there when it takes them again`, (t) => {
    const { fs, budget, said, ticks } = newHost();
    const { journal } = open(budget);
    journal.append(bytes('one '));
    fs.inject = (call) => call === 'write' || call === 'open' ? { code } : undefined;
    journal.append(bytes('two '));
    journal.append(bytes('three '));
    t.is(journal.volatileBytes, 10);
    t.is(text(journal, 4), 'two three ');
    ticks(45);
    fs.inject = () => undefined;
    journal.append(bytes('four '));
    t.is(journal.volatileBytes, 15);
    ticks(5);
    t.is(journal.volatileBytes, 0);
    t.deepEqual(said, [`failed ${code}`, 'healed']);
    fs.kill();
    t.is(text(open(newHost({ fs }).budget).journal), 'one two three four ');
  });
}

test('a write that takes only a part is finished', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  fs.inject = (call) => call === 'write' ? { short: 3 } : undefined;
  journal.append(bytes('one two three four'));
  t.is(text(journal), 'one two three four');
  fs.kill();
  fs.inject = () => undefined;
  t.is(text(open(newHost({ fs }).budget).journal), 'one two three four');
});

test('memory is bounded while the disk is broken: the oldest are given up', (t) => {
  const { fs, budget } = newHost({ memory: MIB });
  const loud = open(budget);
  for (let i = 0; i < 80; i++) loud.journal.append(Buffer.alloc(64 * 1024, i));
  fs.inject = (call) => call === 'write' || call === 'open' ? { code: 'EIO' } : undefined;
  for (let i = 0; i < 80; i++) loud.journal.append(Buffer.alloc(64 * 1024, i));
  t.true(budget.memory.used <= 1.2 * MIB, `${budget.memory.used} bytes`);
  t.is(loud.journal.head - loud.cursor + loud.shed, 10 * MIB);
});

test('K1: a full disk makes room for new lines by giving up old ones', (t) => {
  const { fs, budget, ticks } = newHost({ memory: MIB });
  const loud = open(budget);
  fs.capacity = 16 * MIB;
  budget.fits(0);
  for (let i = 0; i < 32 * 16; i++) {
    // Somebody else takes the reserve.
    fs.inject = (call) => call === 'space' ? { code: 'EIO' } : undefined;
    loud.journal.append(Buffer.alloc(64 * 1024, i));
    if (i % 32 === 0) ticks(1);
  }
  t.true(budget.memory.used <= 1.2 * MIB, `${budget.memory.used} bytes`);
  t.true(loud.journal.head - loud.cursor >= 8 * MIB, `${loud.journal.head - loud.cursor} bytes kept`);
});

test('the reserve stays free even if nobody can give up anything', (t) => {
  const { fs, budget } = newHost();
  fs.capacity = 2 * MIB;
  fs.poke('/others', Buffer.alloc(1.95 * MIB));
  const { journal } = open(budget, { owner: { unread: 0, shed: () => undefined, readable: () => undefined, unreadable: () => undefined } });
  journal.append(bytes('one'));
  t.deepEqual(segments(fs), []);
  t.is(text(journal), 'one');
});

test('files that could be made but not written do not pile up, nor stand in the way of later ones', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  const isBegun = (path: string): boolean => path.endsWith('.seg') && (fs.peek(path)?.length ?? 0) > 0;
  fs.inject = (call, path) => call === 'write' && isBegun(path) ? { code: 'ENOSPC' } : undefined;
  for (let i = 0; i < 5; i++) {
    journal.append(bytes('one '));
    t.deepEqual(segments(fs), []);
    ticks(50);
  }
  fs.inject = () => undefined;
  ticks(50);
  journal.release(4, 0);
  ticks(1);
  fs.kill();
  t.is(text(open(newHost({ fs }).budget).journal, 4), 'one one one one ');
});

for (const [what, file, from] of [['confirmed', 'watermark', 0], ['given up', 'holes.new', 1]] as const) {
  test(`the last file stays while the disk does not take what was ${what}: it says which offsets were used`, (t) => {
    const { fs, budget, ticks } = newHost();
    const { journal } = open(budget);
    for (let i = 0; i < 32; i++) journal.append(Buffer.alloc(64 * 1024, i));
    fs.inject = (call, path) => call === 'write' && path.endsWith(file) ? { code: 'EIO' } : undefined;
    if (from === 0) journal.release(journal.head, 0);
    else journal.discard(from, journal.head);
    ticks(60);
    fs.inject = () => undefined;
    fs.kill();
    t.is(open(newHost({ fs }).budget).journal.head, 2 * MIB);
  });
}
