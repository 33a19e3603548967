import test from 'ava';
import { bytes, FOLDER, MIB, newHost, open, segments, text } from '../support/journal-host.ts';

test('a journal that has seen no byte has made no file', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  t.is(journal.head, 0);
  t.is(journal.read(0), undefined);
  journal.close();
  t.deepEqual(fs.names('/journal'), []);
});

test('what was appended is read again, from any offset', (t) => {
  const { journal } = open(newHost().budget);
  journal.append(bytes('one '));
  journal.append(bytes('two '));
  t.is(journal.head, 8);
  t.is(text(journal), 'one two ');
  t.is(text(journal, 5), 'wo ');
  t.is(journal.read(8), undefined);
});

test('what was appended last does not come from the disk', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one '));
  journal.append(bytes('two '));
  fs.inject = (call) => call === 'read' ? { code: 'EIO' } : undefined;
  t.deepEqual(Buffer.from((journal.read(4) as { bytes: Uint8Array }).bytes).toString(), 'two ');
});

test('the bytes that a caller appended may be overwritten afterwards', (t) => {
  const { budget } = newHost();
  const [one, two] = [open(budget), open(budget, { folder: '/journal/db', id: 'db' })];
  const shared = bytes('web');
  one.journal.append(shared);
  shared.write('db!');
  two.journal.append(shared);
  t.is(text(one.journal), 'web');
  t.is(text(two.journal), 'db!');
});

test('a process that was killed left everything to the next one', (t) => {
  const { fs, budget } = newHost();
  open(budget).journal.append(bytes('one two '));
  fs.kill();
  const { journal } = open(newHost({ fs }).budget);
  t.is(journal.head, 8);
  t.is(text(journal), 'one two ');
  journal.append(bytes('three'));
  t.is(text(journal, 4), 'two three');
});

test('the next process resumes at the watermark', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two '));
  journal.release(4, 0);
  ticks(1);
  fs.kill();
  const again = open(newHost({ fs }).budget).journal;
  t.is(again.watermark, 4);
  t.is(text(again, again.watermark), 'two ');
});

test('the numbering of messages goes on after a restart, from the watermark', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two three'));
  journal.release(4, 17);
  journal.close();
  const again = open(newHost({ fs }).budget).journal;
  t.deepEqual([again.watermark, again.sequence, again.epoch], [4, 17, journal.epoch]);
});

test('a message without a byte of the journal moves the numbering, too', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two three'));
  journal.release(4, 17);
  journal.release(4, 18);
  journal.save();
  fs.kill();
  t.is(open(newHost({ fs }).budget).journal.sequence, 18);
});

test('what is confirmed is saved in the next tick; again a second later, or when it is much', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  const saved = (): number => {
    const slots = fs.peek(`${FOLDER}/watermark`) as Buffer;
    return Math.max(...[0, 40].filter((at) => at < slots.length).map((at) => Number(slots.readBigUInt64LE(at + 8))));
  };
  journal.append(Buffer.alloc(32 * 1024));
  journal.release(4, 0);
  ticks(1);
  t.is(saved(), 4);
  journal.release(8, 0);
  ticks(10);
  t.is(saved(), 4);
  ticks(1);
  t.is(saved(), 8);
  journal.release(8 + 16 * 1024, 0);
  ticks(1);
  t.is(saved(), 8 + 16 * 1024);
});

test('a torn slot leaves the watermark that was saved before', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two three'));
  for (const offset of [4, 8]) {
    journal.release(offset, 0);
    ticks(11);
  }
  const slots = Buffer.from(fs.peek(`${FOLDER}/watermark`) as Buffer);
  const newest = slots.readUInt8(0) > slots.readUInt8(40) ? 0 : 40;
  slots.fill(0xff, newest + 10, newest + 40);
  fs.poke(`${FOLDER}/watermark`, slots);
  t.is(open(newHost({ fs }).budget).journal.watermark, 4);
});

test('while everything is confirmed the disk holds little', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  for (let i = 0; i < 1000; i++) {
    journal.append(Buffer.alloc(64 * 1024, i));
    journal.release(journal.head, 0);
    t.true(fs.usedBytes <= 1.1 * MIB, `${fs.usedBytes} bytes`);
  }
  t.is(journal.watermark, 1000 * 64 * 1024);
});

test('a backlog lies in files of 4 MiB, which go as they are confirmed', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  for (let i = 0; i < 10 * 16; i++) journal.append(Buffer.alloc(64 * 1024, i));
  t.deepEqual(segments(fs), ['0000000000000000.seg', '0000000000400000.seg', '0000000000800000.seg']);
  journal.release(5 * MIB, 0);
  t.deepEqual(segments(fs), ['0000000000400000.seg', '0000000000800000.seg']);
  t.is(budget.used, 6 * MIB);
});

test('a quiet journal gives back its descriptors, and its file once everything is confirmed', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one '));
  t.is(fs.openCount, 2);
  ticks(60);
  t.is(fs.openCount, 0);
  t.is(segments(fs).length, 1);
  journal.append(bytes('two '));
  t.is(segments(fs).length, 1);
  journal.release(8, 0);
  ticks(60);
  t.deepEqual(fs.names(FOLDER), ['watermark']);
  t.is(fs.openCount, 0);
  fs.kill();
  const again = open(newHost({ fs }).budget).journal;
  t.deepEqual([again.watermark, again.head], [8, 8]);
});

test('what was given up is not read again, also after a restart', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two three four'));
  journal.discard(4, 8);
  journal.discard(14, 18);
  t.is(text(journal), 'one <8>three ');
  ticks(1);
  fs.kill();
  const again = open(newHost({ fs }).budget).journal;
  t.is(text(again), 'one <8>three ');
  t.deepEqual(again.missing, []);
  again.release(4, 0);
  t.is(again.watermark, 8);
});

test('a journal that is removed leaves nothing', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one'));
  journal.remove();
  t.deepEqual(fs.names('/journal'), []);
  t.is(fs.openCount, 0);
  t.is(budget.used, 0);
});

test('offsets of bytes that a broken disk lost are not used again', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one '));
  fs.inject = (call, path) => path.endsWith('.seg') && call !== 'close' ? { code: 'ENOSPC' } : undefined;
  journal.append(bytes('two '));
  fs.inject = () => undefined;
  fs.kill();
  const again = open(newHost({ fs }).budget).journal;
  t.true(again.head > 8, `${again.head}`);
  again.append(bytes('three'));
  t.is(text(again), `one <${again.head - 5}>three`);
});

test('a file that cannot be read is tried again, then given up', (t) => {
  const { fs, budget, ticks } = newHost();
  const opened = open(budget);
  opened.journal.append(bytes('one '));
  opened.journal.append(bytes('two '));
  fs.inject = (call) => call === 'read' ? { code: 'EIO' } : undefined;
  t.is(opened.journal.read(0), 'later');
  ticks(50);
  t.is(opened.readable, 1);
  t.is(opened.journal.read(0), 'later');
  ticks(50);
  t.is(opened.journal.read(0), undefined);
  t.is(opened.unreadable, 8);
  opened.journal.append(bytes('three '));
  t.is(text(opened.journal, 8), 'three ');
});

test('a file that somebody removed is given up at once', (t) => {
  const { fs, budget } = newHost();
  const opened = open(budget);
  for (let i = 0; i < 80; i++) opened.journal.append(Buffer.alloc(64 * 1024, i));
  fs.unlink(`${FOLDER}/0000000000000000.seg`);
  const run = opened.journal.read(0);
  t.is(run === 'later' ? run : run?.offset, 4 * MIB);
  t.is(opened.unreadable, 4 * MIB);
});

test('a session whose folder cannot be looked at leaves it alone and lives in memory', (t) => {
  const { fs, budget, said } = newHost();
  open(budget).journal.append(bytes('one '));
  fs.kill();
  const next = newHost({ fs });
  fs.inject = (call) => call === 'list' ? { code: 'EMFILE' } : undefined;
  const { journal } = open(next.budget);
  fs.inject = () => undefined;
  t.true(journal.isDetached);
  const { head } = journal;
  journal.append(bytes('two '));
  t.is(text(journal, head), 'two ');
  journal.release(journal.head, 0);
  next.ticks(100);
  journal.remove();
  t.deepEqual([said, next.said], [[], ['failed EMFILE', 'healed']]);
  t.is(text(open(newHost({ fs }).budget).journal), 'one ');
});

test('a session without a byte makes nothing on the disk, however long it lasts', (t) => {
  const { fs, budget, ticks } = newHost();
  fs.makeFolder('/journal');
  const { journal } = open(budget, { sync: 'interval' });
  const silent = { available: 0, read: () => 'empty' as const, splice: () => undefined };
  t.is(journal.take(silent), 'empty');
  ticks(60);
  fs.settle();
  t.deepEqual(fs.names('/journal'), []);
  journal.close();
  t.deepEqual(fs.names('/journal'), []);
});
