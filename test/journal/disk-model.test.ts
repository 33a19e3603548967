/**
 * The journal against a model of what it promises, on a file system that fails at any call and forgets what was not
 * synced. The byte at an offset depends on the offset alone, so whatever is read can be judged.
 *
 * JOURNAL_RUNS chooses the number of sequences.
 */
import fc from 'fast-check';
import test from 'ava';
import type { ByteSource } from '../../src/core/journal.ts';
import type { FileSystem } from '../../src/journal/file-system.ts';
import { DiskBudget } from '../../src/journal/disk-budget.ts';
import { DiskJournal, type SyncPolicy } from '../../src/journal/disk.ts';
import { MemoryBudget } from '../../src/journal/memory.ts';
import { Crash, CrashFileSystem, type Fault } from '../support/crash-file-system.ts';
import { minus, sizeOf, without, type Ranges } from '../support/ranges.ts';

const RUNS = Number(process.env['JOURNAL_RUNS'] ?? 3000);
/** Segments are 64 KiB then. */
const LIMIT = 512 * 1024;
const MEMORY = 256 * 1024;
const PERIOD = 1_000_003;
const HASH = 2654435761;
const CONTENT = Buffer.from(Uint8Array.from({ length: 2 * PERIOD }, (_, i) => (Math.imul(i % PERIOD, HASH) >>> 11) & 0xff));
const SIZES = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 65_536 }));
const LENGTHS = fc.integer({ min: 1, max: 200_000 });
const OUTPUTS = ['main', 'audit'] as const;
/** Files that are open between two calls: the watermark and a segment, and the outputs' marks. */
const MOST_OPEN = 2 + OUTPUTS.length;

type Operation =
  | { readonly kind: 'append' | 'take'; readonly size: number }
  | { readonly kind: 'read' | 'close' | 'kill' | 'power' }
  | { readonly kind: 'release' | 'settle'; readonly amount: number }
  | { readonly kind: 'mark'; readonly output: typeof OUTPUTS[number]; readonly amount: number }
  /** `settles`: what is synced meanwhile is so at once; otherwise it takes its time. */
  | { readonly kind: 'tick'; readonly amount: number; readonly settles: boolean }
  | { readonly kind: 'discard'; readonly from: number; readonly size: number };

/** From which call on, how many of them, and what happens. */
interface Trouble {
  readonly after: number;
  readonly count: number;
  readonly fault: Fault;
}

interface Step {
  readonly operation: Operation;
  readonly trouble: Trouble | undefined;
}

/** `weight` of them. */
function often<T extends Operation>(weight: number, model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.WeightedArbitrary<Operation> {
  return { weight, arbitrary: fc.record(model) as fc.Arbitrary<Operation> };
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  often(5, { kind: fc.constant('append'), size: SIZES }),
  often(5, { kind: fc.constant('take'), size: SIZES }),
  often(3, { kind: fc.constant('read') }),
  often(3, { kind: fc.constant('release'), amount: LENGTHS }),
  often(3, { kind: fc.constant('mark'), output: fc.constantFrom(...OUTPUTS), amount: LENGTHS }),
  often(3, { kind: fc.constant('tick'), amount: fc.constantFrom(1, 5, 50, 60), settles: fc.boolean() }),
  often(2, { kind: fc.constant('settle'), amount: fc.constantFrom(1, 2, 3) }),
  often(2, { kind: fc.constant('discard'), from: fc.nat(100_000), size: LENGTHS }),
  often(1, { kind: fc.constantFrom('close', 'kill', 'power') }),
);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('crash' as const) },
  { weight: 3, arbitrary: fc.constantFrom('ENOSPC', 'EIO', 'EROFS', 'EMFILE').map((code) => ({ code })) },
  { weight: 1, arbitrary: fc.nat(1000).map((short) => ({ short })) },
);
const trouble = fc.record({ after: fc.nat(8), count: fc.constantFrom(1, 1, 2, 20), fault });
const step: fc.Arbitrary<Step> = fc.record({ operation, trouble: fc.option(trouble, { freq: 4, nil: undefined }) });

/** Splicing from it meets the faults of the disk, and takes no byte that did not get there. */
class Pipe implements ByteSource {
  available: number;
  readonly #fs: CrashFileSystem;
  #from: number;

  constructor(fs: CrashFileSystem, from: number, size: number) {
    this.#fs = fs;
    this.#from = from;
    this.available = size;
  }

  read(into: Uint8Array): number | 'empty' {
    const size = Math.min(into.length, this.available);
    if (size === 0) return 'empty';
    into.set(this.#bytes(size));
    return this.#took(size);
  }

  splice(fd: number, position: number, most: number): number | undefined {
    const size = Math.min(most, this.available);
    if (size === 0) return undefined;
    try {
      return this.#took(this.#fs.write(fd, this.#bytes(size), 0, size, position));
    } catch (error) {
      if (error instanceof Crash) throw error;
      return undefined;
    }
  }

  #bytes(size: number): Buffer {
    return CONTENT.subarray(this.#from % PERIOD, this.#from % PERIOD + size);
  }

  #took(size: number): number {
    this.#from += size;
    this.available -= size;
    return size;
  }
}

class Model {
  readonly fs = new CrashFileSystem();
  readonly #sync: SyncPolicy;
  readonly #random: (limit: number) => number;
  #budget!: DiskBudget;
  #journal: DiskJournal | undefined;
  #cursor = 0;
  /** Appended and neither released nor given up nor known to be lost. */
  #kept: Ranges = [];
  /** Of these, those that a power failure cannot take. */
  #safe: Ranges = [];
  /** Their bytes may be anything since a power failure. */
  #torn: Ranges = [];
  #released = 0;
  /** The bytes that an append was about, while it ran. */
  #underWay = 0;
  /** Where bytes were appended to, by processes whose disk never failed. */
  #appended = 0;
  /** The process may end before a discard is on disk. */
  #isDiscarding = false;
  /** A fault other than the end of the process has struck since the journal was opened. */
  #wasHurt = false;

  constructor(sync: SyncPolicy, random: (limit: number) => number) {
    this.fs.makeFolder('/journal');
    this.fs.syncFolder('/');
    this.#sync = sync;
    this.#random = random;
    this.#open();
  }

  run({ operation, trouble }: Step): void {
    const head = this.#journal?.head ?? 0;
    const volatile = this.#journal?.volatileBytes ?? 0;
    this.#arm(trouble);
    try {
      this.#underWay = 'size' in operation && operation.kind !== 'discard' ? operation.size : 0;
      this.#do(operation);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#crash(head, volatile, false);
    }
    this.fs.inject = () => undefined;
    this.#underWay = 0;
    if (this.#journal === undefined) this.#open();
    this.check();
  }

  /** Everything that is promised is there. */
  check(): void {
    const journal = this.#running();
    const seen = this.#scan(journal);
    this.#judgeMarks(journal);
    if (!journal.isDetached) {
      const missing = minus(this.#kept, seen);
      if (missing.length > 0) throw new Error(`lost: ${JSON.stringify(missing)}`);
      const tooMuch = minus(seen, this.#kept);
      if (tooMuch.length > 0) throw new Error(`read again: ${JSON.stringify(tooMuch)}`);
    }
    if (this.fs.openCount > MOST_OPEN) throw new Error(`${this.fs.openCount} descriptors are open`);
    if (this.#sync !== 'none' && journal.isSynced) this.#safe = this.#kept;
  }

  #do(operation: Operation): void {
    const journal = this.#running();
    switch (operation.kind) {
      case 'append': return this.#append(operation.size);
      case 'take': return this.#take(operation.size);
      case 'read': return this.#read();
      case 'release': return this.#release(Math.min(this.#cursor, journal.watermark + operation.amount));
      case 'mark': return journal.mark(operation.output, Math.min(journal.head, journal.watermark + operation.amount), 0);
      case 'discard': return this.#discard(journal.watermark + operation.from, operation.size);
      case 'tick': return this.#tick(operation.amount, operation.settles);
      case 'settle': return this.fs.settle(operation.amount);
      case 'close': return this.#close();
      case 'kill': return this.#crash(journal.head, journal.volatileBytes, false);
      case 'power': return this.#crash(journal.head, journal.volatileBytes, true);
    }
  }

  #append(size: number): void {
    const journal = this.#running();
    const from = journal.head;
    // Before the call: memory may run out in the middle, and the first of these bytes be given up for the last.
    this.#kept = [...this.#kept, [from, from + size]];
    journal.append(CONTENT.subarray(from % PERIOD, from % PERIOD + size));
    if (journal.head !== from + size) throw new Error(`head ${journal.head} instead of ${from + size}`);
    this.#appended = from + size;
    if (this.#sync === 'always' && !this.#wasHurt) this.#safe = [...this.#safe, ...minus(this.#kept, [[0, from]])];
  }

  /** From a pipe that holds `size` bytes. */
  #take(size: number): void {
    const journal = this.#running();
    const from = journal.head;
    this.#kept = [...this.#kept, [from, from + size]];
    const taken = journal.take(new Pipe(this.fs, from, size));
    if (typeof taken !== 'number' || taken < 1 || taken > size) throw new Error(`took ${taken} of ${size} bytes`);
    if (journal.head !== from + taken) throw new Error(`head ${journal.head} instead of ${from + taken}`);
    this.#forget(from + taken, from + size);
    this.#appended = from + taken;
    if (this.#sync === 'always' && !this.#wasHurt) this.#safe = [...this.#safe, ...minus(this.#kept, [[0, from]])];
  }

  #read(): void {
    const run = this.#running().read(this.#cursor);
    if (run === 'later') return;
    if (run !== undefined) this.#judge(run.offset, run.bytes);
    this.#cursor = run === undefined ? this.#running().head : run.offset + run.bytes.length;
  }

  #release(to: number): void {
    this.#released = Math.max(this.#released, to);
    this.#forget(0, to);
    this.#running().release(to, 0);
  }

  #discard(from: number, size: number): void {
    this.#forget(from, from + size);
    this.#isDiscarding = true;
    this.#running().discard(from, from + size);
    this.#isDiscarding = false;
  }

  /** The process ends in order: a power failure right behind it takes nothing, unless it may. */
  #close(): void {
    const journal = this.#running();
    const head = journal.head;
    const volatile = journal.volatileBytes;
    void journal.close();
    this.fs.settle();
    if (this.fs.openCount > 0 || this.#budget.used > 0 || this.#budget.memory.used > 0) throw new Error('something is held after close');
    const isSafe = this.#sync !== 'none' && !this.#wasHurt && volatile === 0;
    if (isSafe) this.#safe = this.#kept;
    this.#crash(head, volatile, isSafe);
  }

  #tick(amount: number, settles: boolean): void {
    for (let i = 0; i < amount; i++) {
      this.#budget.tick();
      if (settles) this.fs.settle();
    }
    const journal = this.#running();
    if (settles && this.#sync !== 'none' && amount >= 5 && !this.#wasHurt && !journal.isSynced) throw new Error('not synced in time');
  }

  #forget(from: number, to: number): void {
    this.#kept = without(this.#kept, from, to);
    this.#safe = without(this.#safe, from, to);
  }

  /** The process has ended. What the next one finds is judged, and is what is kept from then on. */
  #crash(head: number, volatile: number, isPowerLost: boolean): void {
    const wasHurt = this.#wasHurt;
    this.fs.inject = () => undefined;
    if (isPowerLost) this.fs.losePower(this.#random);
    else this.fs.kill();
    this.#journal = undefined;
    this.#open();
    const journal = this.#running();
    if (isPowerLost) this.#torn = [...this.#torn, ...minus([[journal.watermark, journal.head]], this.#safe)];
    const seen = this.#scan(journal);
    const lost = minus(isPowerLost ? this.#safe : this.#kept, seen);
    const mayBeLost = isPowerLost ? 0 : volatile + this.#underWay;
    if (sizeOf(lost) > mayBeLost) throw new Error(`lost in a crash: ${JSON.stringify(lost)}, ${mayBeLost} bytes were in memory`);
    if (isPowerLost || wasHurt) this.#appended = 0;
    if (journal.head < this.#appended) throw new Error(`offsets from ${journal.head} to ${this.#appended} would be used again`);
    this.#judgeSurplus(minus(minus(seen, this.#kept), [[head, head + this.#underWay]]), isPowerLost || wasHurt || this.#isDiscarding);
    this.#isDiscarding = false;
    this.#kept = seen;
    this.#safe = minus(this.#safe, lost);
    this.#cursor = journal.watermark;
  }

  /** Or new bytes would be taken for some that the output has had. */
  #judgeMarks(journal: DiskJournal): void {
    for (const output of OUTPUTS) {
      const mark = journal.markOf(output)?.offset ?? 0;
      if (mark > journal.head) throw new Error(`${output} has had ${mark} bytes of ${journal.head}`);
    }
  }

  /** What was given up comes back only if a failing disk forgot it; what was released may, since it is saved from time to time. */
  #judgeSurplus(surplus: Ranges, mayForget: boolean): void {
    const given = minus(surplus, [[0, this.#released]]);
    if (given.length > 0 && !mayForget) throw new Error(`given up and read again: ${JSON.stringify(given)}`);
  }

  /** Reads all there is. */
  #scan(journal: DiskJournal): Ranges {
    const ranges: [number, number][] = [];
    for (let at = 0; ;) {
      const run = journal.read(at);
      if (run === undefined) return ranges;
      if (run === 'later') {
        for (let i = 0; i < 50; i++) this.#budget.tick();
        continue;
      }
      this.#judge(run.offset, run.bytes);
      const last = ranges.at(-1);
      at = run.offset + run.bytes.length;
      if (last?.[1] === run.offset) last[1] = at;
      else ranges.push([run.offset, at]);
    }
  }

  #judge(offset: number, bytes: Uint8Array): void {
    const from = offset % PERIOD;
    if (CONTENT.subarray(from, from + bytes.length).equals(bytes)) return;
    for (const [a, b] of minus([[offset, offset + bytes.length]], this.#torn)) {
      const wanted = CONTENT.subarray(a % PERIOD, a % PERIOD + b - a);
      if (!wanted.equals(bytes.subarray(a - offset, b - offset))) throw new Error(`wrong bytes at ${a}`);
    }
  }

  #open(): void {
    this.#wasHurt = false;
    this.#budget = new DiskBudget({
      root: '/journal',
      limit: LIMIT,
      memory: new MemoryBudget(MEMORY),
      fs: this.fs,
      listener: { failed: () => undefined, healed: () => undefined },
      repeat: () => () => undefined,
    });
    const owner = {
      unread: 0,
      shed: (bytes: number) => {
        const to = Math.min(this.#running().head, this.#cursor + bytes);
        this.#discard(this.#cursor, to - this.#cursor);
        this.#cursor = to;
      },
      readable: () => undefined,
      unreadable: (from: number, to: number) => this.#forget(from, to),
    };
    const journal = new DiskJournal(this.#budget, { folder: '/journal/web', id: 'web', sync: this.#sync, owner });
    Object.defineProperty(owner, 'unread', { get: () => journal.head - this.#cursor });
    this.#journal = journal;
  }

  #arm(trouble: Trouble | undefined): void {
    if (trouble === undefined) return;
    let calls = 0;
    this.fs.inject = (call: keyof FileSystem) => {
      const index = calls++ - trouble.after;
      if (index < 0 || index >= trouble.count || call === 'size') return undefined;
      if (trouble.fault !== 'crash') this.#wasHurt = true;
      return trouble.fault;
    };
  }

  #running(): DiskJournal {
    return this.#journal as DiskJournal;
  }
}

for (const sync of ['none', 'interval', 'always'] as const) {
  test(`K1, K3: what a journal with sync ${sync} promises holds whatever the disk does`, (t) => {
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.infiniteStream(fc.nat(5039)), (steps, luck) => {
      const model = new Model(sync, (limit) => (luck.next().value as number) % limit);
      for (const each of steps) model.run(each);
    }), { numRuns: Math.ceil(RUNS / 3), includeErrorInReport: true });
    t.pass();
  });
}
