import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import test from 'ava';
import { DiskBudget } from '../../src/journal/disk-budget.ts';
import { DiskJournal } from '../../src/journal/disk.ts';
import { MemoryBudget } from '../../src/journal/memory.ts';
import { HEADER_BYTES } from '../../src/journal/segment.ts';
import { Crash, CrashFileSystem } from '../support/crash-file-system.ts';

const FOLDER = '/journal/web';
const FIRST = `${FOLDER}/0000000000000000.seg`;
const SEGMENT = 64 * 1024;

/** Segments of 64 KiB, so that few bytes make many. */
function open(fs: CrashFileSystem, id = 'web'): DiskJournal {
  const budget = new DiskBudget({
    root: '/journal',
    limit: 64 * 1024 * 1024,
    memory: new MemoryBudget(8 * 1024 * 1024),
    fs,
    listener: { failed: () => undefined, healed: () => undefined },
    repeat: () => () => undefined,
  });
  const owner = { unread: 0, shed: () => undefined, readable: () => undefined, unreadable: () => undefined };
  return Object.assign(new DiskJournal(budget, { folder: FOLDER, id, sync: 'none', owner }), { limit: SEGMENT });
}

/** Three segments, each full of its own number. */
function written(): CrashFileSystem {
  const fs = new CrashFileSystem();
  const journal = open(fs);
  for (const value of [1, 2, 3]) journal.append(Buffer.alloc(SEGMENT, value));
  fs.kill();
  return fs;
}

/** The runs kept: offset, size, first byte. */
function runs(journal: DiskJournal): (readonly number[] | 'later')[] {
  const found: (readonly number[] | 'later')[] = [];
  for (let at = 0; ;) {
    const run = journal.read(at);
    if (run === undefined || run === 'later') return run === undefined ? found : [...found, run];
    found.push([run.offset, run.bytes.length, run.bytes[0] as number]);
    at = run.offset + run.bytes.length;
  }
}

const SECOND = [SEGMENT, SEGMENT, 2];
const THIRD = [2 * SEGMENT, SEGMENT, 3];

function damaged(fs: CrashFileSystem, path: string, change: (bytes: Buffer) => Buffer): CrashFileSystem {
  fs.poke(path, change(Buffer.from(fs.peek(path) as Buffer)));
  return fs;
}

for (let byte = 0; byte < HEADER_BYTES; byte++) {
  test(`a segment whose header has a wrong bit in byte ${byte} goes into quarantine`, (t) => {
    const fs = damaged(written(), FIRST, (bytes) => {
      bytes[byte] = (bytes[byte] as number) ^ 1;
      return bytes;
    });
    const journal = open(fs);
    t.deepEqual(runs(journal), [SECOND, THIRD]);
    t.is(journal.watermark, SEGMENT);
    t.deepEqual(fs.names('/journal/quarantine'), ['00000001-web-0000000000000000.seg']);
  });
}

test('a segment of a later version goes into quarantine', (t) => {
  const fs = damaged(written(), FIRST, (bytes) => {
    bytes.writeUInt32LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
    return bytes;
  });
  t.deepEqual(runs(open(fs)), [SECOND, THIRD]);
  t.is(fs.names('/journal/quarantine').length, 1);
});

test('files of another session are not taken for one\'s own', (t) => {
  const fs = written();
  const journal = open(fs, 'db');
  t.deepEqual(runs(journal), []);
  t.is(journal.head, 3 * SEGMENT);
  t.is(fs.names('/journal/quarantine').length, 3);
});

test('a segment that is missing is skipped and counted', (t) => {
  const fs = written();
  fs.unlink(`${FOLDER}/0000000000010000.seg`);
  const journal = open(fs);
  t.deepEqual(runs(journal), [[0, SEGMENT, 1], THIRD]);
  t.deepEqual(journal.missing, [{ from: SEGMENT, to: 2 * SEGMENT }]);
});

test('offsets of a segment in quarantine are not used again, however often the process restarts', (t) => {
  const fs = damaged(written(), `${FOLDER}/0000000000020000.seg`, (bytes) => bytes.fill(0, 0, 4));
  for (let i = 0; i < 20; i++) {
    t.true(open(fs).head >= 3 * SEGMENT);
    fs.kill();
  }
});

test('a torn end is kept as far as the file goes', (t) => {
  const fs = damaged(written(), `${FOLDER}/0000000000020000.seg`, (bytes) => bytes.subarray(0, HEADER_BYTES + 100));
  const journal = open(fs);
  t.deepEqual(runs(journal), [[0, SEGMENT, 1], SECOND, [2 * SEGMENT, 100, 3]]);
  journal.append(Buffer.alloc(10, 4));
  t.deepEqual(runs(journal).slice(3), [[2 * SEGMENT + 100, 10, 4]]);
});

test('where two segments overlap, the later one is read', (t) => {
  const fs = damaged(written(), FIRST, (bytes) => Buffer.concat([bytes, Buffer.alloc(100, 9)]));
  t.deepEqual(runs(open(fs)), [[0, SEGMENT, 1], SECOND, THIRD]);
});

for (const size of [0, 1, HEADER_BYTES]) {
  test(`a file of ${size} bytes, which a crash left, goes without a trace`, (t) => {
    const fs = damaged(written(), `${FOLDER}/0000000000020000.seg`, (bytes) => bytes.subarray(0, size));
    t.deepEqual(runs(open(fs)), [[0, SEGMENT, 1], SECOND]);
    t.deepEqual(fs.names(FOLDER), ['0000000000000000.seg', '0000000000010000.seg', 'watermark']);
    t.deepEqual(fs.names('/journal/quarantine'), []);
  });
}

test('strange files, folders and links go into quarantine, which does not grow for ever', (t) => {
  const fs = written();
  for (let i = 0; i < 40; i++) fs.poke(`${FOLDER}/strange-${i}`, Buffer.from('?'));
  fs.makeFolder(`${FOLDER}/ffffffffffffffff.seg`);
  fs.makeFolder(`${FOLDER}/0000000000050000.seg`);
  fs.poke(`${FOLDER}/fffffffffffff000.seg`, Buffer.alloc(100));
  t.is(runs(open(fs)).length, 3);
  t.is(fs.names('/journal/quarantine').length, 16);
  t.is(fs.names(FOLDER).length, 4);
});

test('a folder in the place of the watermark does not stop anything', (t) => {
  const fs = written();
  fs.unlink(`${FOLDER}/watermark`);
  fs.makeFolder(`${FOLDER}/watermark`);
  const journal = open(fs);
  t.is(journal.watermark, 0);
  journal.release(SEGMENT, 0);
  journal.close();
  t.is(open(fs).watermark, SEGMENT);
});

test('a file in the place of the session\'s folder is put away', (t) => {
  const fs = new CrashFileSystem();
  fs.poke(FOLDER, Buffer.from('?'));
  const journal = open(fs);
  journal.append(Buffer.from('one'));
  t.is(journal.volatileBytes, 0);
  t.is(fs.names('/journal/quarantine').length, 1);
});

test('P3: twenty crashes in a row during recovery harm nothing', (t) => {
  for (let calls = 0; calls < 60; calls++) {
    const fs = damaged(written(), FIRST, (bytes) => bytes.fill(0, 0, 4));
    fs.poke(`${FOLDER}/strange`, Buffer.from('?'));
    fs.poke(`${FOLDER}/0000000000030000.seg`, Buffer.alloc(0));
    for (let crash = 0; crash < 20; crash++) {
      let left = calls + crash;
      fs.inject = () => left-- === 0 ? 'crash' : undefined;
      try {
        open(fs);
      } catch (error) {
        t.true(error instanceof Crash, String(error));
      }
      fs.kill();
    }
    fs.inject = () => undefined;
    t.deepEqual(runs(open(fs)), [SECOND, THIRD], `after ${calls} calls`);
    t.is(fs.names('/journal/quarantine').length, 2);
    t.is(fs.names(FOLDER).length, 3);
  }
});

const anyName = fc.oneof(
  fc.constantFrom('watermark', 'holes', 'holes.new', '0000000000000000.seg', '0000000000010000.seg', '000fffffffffffff.seg', 'x'),
  fc.integer({ min: 0, max: 2 ** 52 - 1 }).map((base) => `${base.toString(16).padStart(16, '0')}.seg`),
);

test('K2, P3: whatever lies in the folder, a usable journal comes of it', (t) => {
  fc.assert(fc.property(fc.array(fc.tuple(anyName, fc.uint8Array({ maxLength: 200 }))), fc.boolean(), (files, isWritten) => {
    const fs = isWritten ? written() : new CrashFileSystem();
    for (const [name, bytes] of files) fs.poke(`${FOLDER}/${name}`, bytes);
    const journal = open(fs);
    const { head } = journal;
    journal.append(Buffer.from('one'));
    t.deepEqual(runs(journal).at(-1), [head, 3, 0x6f]);
    fs.kill();
    t.deepEqual(runs(open(fs)).at(-1), [head, 3, 0x6f]);
  }), { numRuns: 500 });
});

test('K2: whichever bytes of the files change, a usable journal comes of it', (t) => {
  const change = fc.record({ file: fc.nat(9), at: fc.nat(300), value: fc.integer({ min: 1, max: 255 }) });
  fc.assert(fc.property(fc.array(change, { minLength: 1 }), (changes) => {
    const fs = written();
    const before = open(fs);
    before.discard(10, 20);
    before.release(5, 0);
    before.close();
    const names = fs.names(FOLDER);
    for (const { file, at, value } of changes) {
      damaged(fs, `${FOLDER}/${names[file % names.length]}`, (bytes) => {
        bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ value;
        return bytes;
      });
    }
    const journal = open(fs);
    t.true(journal.head >= 3 * SEGMENT);
    t.true(journal.watermark <= 5 || runs(journal)[0]?.[0] !== 0);
    journal.append(Buffer.from('one'));
    t.deepEqual(runs(journal).at(-1), [journal.head - 3, 3, 0x6f]);
  }), { numRuns: 500 });
});
