/** Several outputs of one journal: each resumes where it was. */
import { mock } from 'node:test';
import test from 'ava';
import { bytes, FOLDER, newHost, open, text } from '../support/journal-host.ts';

test('each output is found where it was after a kill, the watermark where the slowest was', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two three '));
  journal.mark('main', 8, 2);
  journal.mark('audit', 4, 1);
  journal.release(4, 2);
  ticks(1);
  fs.kill();
  const { journal: next } = open(newHost({ fs }).budget);
  t.deepEqual([next.watermark, next.markOf('main'), next.markOf('audit')], [4, { offset: 8, sequence: 2 }, { offset: 4, sequence: 1 }]);
  t.is(text(next, 4), 'two three ');
  t.is(next.markOf('copy'), undefined);
});

test('an output that goes on while the slowest stands still is saved as well', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two three '));
  journal.mark('main', 4, 1);
  ticks(1);
  journal.mark('main', 14, 3);
  ticks(11);
  fs.kill();
  const { journal: next } = open(newHost({ fs }).budget);
  t.deepEqual([next.watermark, next.markOf('main')], [0, { offset: 14, sequence: 3 }]);
});

test('the marks are on disk before the watermark that depends on them', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two '));
  journal.mark('main', 8, 2);
  journal.mark('audit', 8, 2);
  journal.release(8, 2);
  fs.inject = (call) => call === 'write' ? { code: 'ENOSPC' } : undefined;
  ticks(1);
  fs.inject = () => undefined;
  fs.kill();
  const { journal: next } = open(newHost({ fs }).budget);
  t.true((next.markOf('main')?.offset ?? 0) >= next.watermark);
});

test('one output makes no file of its own', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two '));
  journal.release(4, 1);
  ticks(1);
  t.deepEqual(fs.names(FOLDER).filter((name) => name.startsWith('watermark')), ['watermark']);
});

test('marks whose file is damaged, or of another numbering, say nothing', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two '));
  journal.mark('main', 8, 2);
  ticks(1);
  fs.kill();
  const file = fs.open(`${FOLDER}/watermark-main`, 'update');
  fs.write(file, Buffer.alloc(80, 7), 0, 80, 0);
  fs.close(file);
  t.is(open(newHost({ fs }).budget).journal.markOf('main'), undefined);
});

test('offsets before the mark of an output are not used again where the disk lost their bytes', (t) => {
  mock.timers.enable({ apis: ['Date'] });
  t.teardown(() => mock.timers.reset());
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two three '));
  journal.mark('main', 0, 0);
  journal.mark('audit', 8, 2);
  ticks(1);
  fs.kill();
  fs.unlink(`${FOLDER}/0000000000000000.seg`);
  mock.timers.tick(1);
  const { journal: next } = open(newHost({ fs }).budget);
  next.append(bytes('four '));
  t.is(text(next, 8), 'four ');
  t.deepEqual(next.missing, [{ from: 0, to: 8 }]);
  t.not(next.epoch, journal.epoch, 'the numbers of the messages that may have been sent would come again');
});

test('offsets before the mark of an output are not used again where the disk took the mark and not the watermark', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two '));
  journal.mark('main', 0, 0);
  ticks(1);
  fs.inject = (_call, path) => path.endsWith('.seg') || path.endsWith('/watermark') ? { code: 'EIO' } : undefined;
  journal.append(bytes('three '));
  journal.mark('audit', 14, 3);
  ticks(11);
  fs.inject = () => undefined;
  fs.kill();
  const { journal: next } = open(newHost({ fs }).budget);
  next.append(bytes('four '));
  t.is(text(next), 'one two <14>four ');
  t.deepEqual(next.missing, [{ from: 8, to: 14 }]);
});

test('a mark that fails to be closed keeps no other file open', (t) => {
  const { fs, budget, ticks } = newHost();
  const { journal } = open(budget);
  journal.append(bytes('one two '));
  for (const output of ['main', 'audit']) journal.mark(output, 4, 1);
  ticks(1);
  fs.inject = (call, path) => call === 'close' && path.endsWith('/watermark-main') ? { code: 'EIO' } : undefined;
  journal.remove();
  t.is(fs.openCount, 0);
});

test('a session without a byte has no marks, and the disk is not asked for them', (t) => {
  const { fs, budget } = newHost();
  const { journal } = open(budget);
  const calls: string[] = [];
  fs.inject = (call) => void calls.push(call);
  t.is(journal.markOf('main'), undefined);
  t.deepEqual(calls, []);
});
