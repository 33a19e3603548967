/**
 * What becomes of the lines of a session, whatever happens: full journals, a broken disk, a way that breaks, kills, power failures and restarts. Each line is
 * in the stream once and in its order, or a record in its place tells of it; no number is given twice; the counters are exact.
 *
 * SESSION_RUNS chooses the number of sequences.
 */
import { mock } from 'node:test';
import fc from 'fast-check';
import test from 'ava';
import type { DropReason } from '../src/core/types.ts';
import type { Fault } from './support/crash-file-system.ts';
import { droppedOf, numberAt, SessionModel, type ModelSettings, type Operation, type Step } from './support/session-model.ts';

/** A line of so many bytes is split by the engine. */
const ENGINE_PIECE_BYTES = 16 * 1024;
const RUNS = Number(process.env['SESSION_RUNS'] ?? 150);

/** `weight` of them. */
function often<T extends Operation>(weight: number, model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.WeightedArbitrary<Operation> {
  return { weight, arbitrary: fc.record(model) as fc.Arbitrary<Operation> };
}

const arrived = fc.oneof(fc.constant(0), fc.nat(200));
const calm: fc.WeightedArbitrary<Operation>[] = [
  often(6, { kind: fc.constant('write'), lines: fc.integer({ min: 1, max: 100 }), size: fc.oneof(fc.integer({ min: 7, max: 300 }), fc.integer({ min: 7, max: 4000 }), fc.constantFrom(16_380, 40_000)) }),
  often(6, { kind: fc.constant('read'), count: fc.integer({ min: 1, max: 8 }) }),
  often(4, { kind: fc.constant('confirm'), count: fc.integer({ min: 1, max: 5 }) }),
  often(2, { kind: fc.constant('tick'), count: fc.constantFrom(1, 5, 60) }),
  often(1, { kind: fc.constant('lose'), arrived }),
  often(2, { kind: fc.constantFrom('open', 'open', 'open', 'block', 'give-up') }),
  often(1, { kind: fc.constantFrom('end', 'refuse') }),
];
const deadly: fc.WeightedArbitrary<Operation>[] = [...calm, often(1, { kind: fc.constant('kill'), arrived })];

const powerless: fc.WeightedArbitrary<Operation>[] = [...deadly, often(4, { kind: fc.constant('settle'), count: fc.constantFrom(1, 2, 5) }), often(1, { kind: fc.constant('power'), arrived })];

const crash = fc.record({ after: fc.nat(8), count: fc.constant(1), fault: fc.constant<Fault>('crash') });
const failing = fc.record({
  after: fc.nat(8), count: fc.constantFrom(1, 1, 2, 20),
  fault: fc.oneof(fc.constantFrom('ENOSPC', 'EIO', 'EROFS', 'EMFILE').map((code): Fault => ({ code })), fc.nat(1000).map((short): Fault => ({ short })), fc.constant<Fault>('crash')),
});

function stepsOf(operations: fc.WeightedArbitrary<Operation>[], trouble: fc.Arbitrary<Step['trouble']>): fc.Arbitrary<Step[]> {
  return fc.array(fc.record({ operation: fc.oneof(...operations), trouble }), { minLength: 1, maxLength: 40 });
}

const settings: fc.Arbitrary<ModelSettings> = fc.record({
  overflow: fc.oneof(
    fc.record({ policy: fc.constantFrom('drop-oldest' as const, 'drop-newest' as const), blockMs: fc.constant(0) }),
    fc.record({ policy: fc.constant('block' as const), blockMs: fc.constantFrom(0, 200, 30_000) }),
  ),
  oversize: fc.constantFrom('split', 'truncate', 'drop'),
  sync: fc.constantFrom('none', 'interval', 'always'),
  maxPayload: fc.constantFrom(3000, 20_000, 1024 * 1024),
});

/** A line as far as the stream has it. */
interface Seen {
  readonly session: string;
  readonly number: number;
  /** Bytes of its text. */
  size: number;
  /** Lines of the records right before it. */
  readonly told: number;
}

/** The lines of the stream, and the end of all. Throws when they are not in order. */
function linesOf({ stream, books, safe, takenAtFailure, written }: SessionModel): readonly Seen[] {
  const lines: Seen[] = [];
  let told = 0;
  for (const { id, body: { text, gap, truncated, partial_id: partial } } of stream.messages) {
    if (gap !== undefined) {
      told += gap.lines ?? Number.POSITIVE_INFINITY;
      continue;
    }
    const number = Number(/\d{6}/u.exec(text)?.[0]);
    // What a power failure may take may be anything.
    if (takenAtFailure !== undefined && !(number < safe)) continue;
    const size = truncated ?? text.length;
    const last = lines.at(-1);
    if (number === last?.number) {
      last.size += size;
      continue;
    }
    // A line that was cut for want of time comes once more when it is sent again whole.
    if (partial !== undefined && books !== 'exact' && lines.some((line) => line.number === number)) continue;
    const session = id.slice(0, id.indexOf(':'));
    // A session of which the disk kept nothing begins anew: what was not confirmed comes again.
    while (session !== lines.at(-1)?.session && number <= (lines.at(-1)?.number ?? -1)) lines.pop();
    const { number: before = -1 } = lines.at(-1) ?? {};
    if (number <= before) throw new Error(`${id}: ${number} comes behind ${before}`);
    lines.push({ session, number, size, told });
    told = 0;
  }
  return [...lines, { session: '', number: takenAtFailure === undefined ? written : safe, size: 0, told }];
}

/** As long as the process lives its counters are exact: each line is confirmed or dropped, and records tell of as many as were dropped, for the same reasons. */
function judgeCounters({ accounts, stream, sizes, written, areRecordsLate }: SessionModel): void {
  const reasons: readonly DropReason[] = ['overflow', 'too-large', 'not-permitted', 'gave-up', 'shutdown'];
  const told = (reason: DropReason): number => stream.messages.reduce((sum, { body: { gap } }) => sum + (gap?.reason === reason ? gap.lines ?? 0 : 0), 0);
  const counted = (reason: DropReason): number => accounts.reduce((sum, { linesDropped }) => sum + linesDropped[reason], 0);
  // Of what was not permitted, a line that was too large is told of with the others.
  for (const some of areRecordsLate ? [reasons] : reasons.map((reason) => [reason])) {
    const [all, known] = [some.reduce((sum, reason) => sum + counted(reason), 0), some.reduce((sum, reason) => sum + told(reason), 0)];
    if (all !== known) throw new Error(`${all} lines are counted as ${some.join(' or ')}, and records tell of ${known}`);
  }
  const over = accounts.reduce((sum, account) => sum + account.linesConfirmed + droppedOf(account), 0);
  // Pieces of one line that come apart are counted as lines.
  const areShort = sizes.every((size) => size < ENGINE_PIECE_BYTES);
  if (areShort ? over !== written : over < written) throw new Error(`${over} lines are confirmed or dropped, of ${written}`);
  for (const { bytesUnreadable, crashes } of accounts) if (bytesUnreadable + crashes > 0) throw new Error(`${bytesUnreadable} bytes are counted as unreadable, and ${crashes} crashes`);
}

/** A power failure that may have taken lines is told of; with `always` it takes none, unless a process was killed right before it. */
function judgeFailure({ stream, safe, takenAtFailure = safe }: SessionModel, { sync }: ModelSettings): void {
  if (sync !== 'always' && safe < takenAtFailure && !stream.messages.some(({ body: { gap } }) => gap !== undefined)) throw new Error(`nothing tells that lines from ${safe} to ${takenAtFailure} may be missing`);
}

/** Throws when two have one number, or numbers are missing elsewhere than before a record, or before a piece of a line that was to be sent otherwise. */
function judgeNumbers({ stream: { messages }, books, areRecordsLate, takenAtFailure }: SessionModel): void {
  if (books === 'blind' || takenAtFailure !== undefined) return;
  for (const all of Map.groupBy(messages, ({ session }) => session).values()) {
    const numbered = all.toSorted((a, b) => a.number - b.number);
    numbered.forEach(({ id, number, body }, i) => {
      const before = numbered[i - 1];
      if (before?.number === number) throw new Error(`${id} and ${before.id} have the number ${number}`);
      const isSkipping = number > (before?.number ?? 0) + 1 && !areRecordsLate;
      if (isSkipping && body.gap === undefined && body.partial_id === undefined) throw new Error(`${id} has the number ${number}, and no message one of those before it`);
    });
  }
}

/** Throws what is wrong. */
function judge(model: SessionModel, { oversize }: ModelSettings): void {
  const gaps = model.stream.messages.flatMap(({ body: { gap } }) => gap === undefined ? [] : [gap]);
  // What is not in its place, and has no numbers, tells of anything before.
  const ranges = gaps.filter(({ from }) => from !== undefined || model.areRecordsLate)
    .map(({ from, to }) => ({ from: from === undefined ? 0 : numberAt(from), to: numberAt(to) }));
  const isTold = (number: number): boolean => ranges.some(({ from, to }) => from - 1 <= number && number <= to + 1);
  // A line of which a part is lost is told of, too, before or behind that part.
  const isCut = (line: Seen | undefined): boolean => line !== undefined && line.session !== '' && line.size < (model.sizes[line.number] ?? 0);
  // Of a long line, one part may have been given up, and another be too large.
  const twice = oversize === 'drop' ? model.sizes.filter((size) => size >= ENGINE_PIECE_BYTES).length : 0;
  const lines = linesOf(model);
  if (model.books === 'blind') return;
  lines.forEach((line, i) => {
    const before = lines[i - 1];
    const missing = line.number - (before?.number ?? -1) - 1;
    const cut = Number(isCut(before)) + Number(isCut(line));
    const place = `between ${before?.number ?? 'the beginning'} and ${line.number}, ${cut} of them cut,`;
    if (model.books === 'exact' && (line.told < missing || line.told > missing + cut + twice)) throw new Error(`${place} records tell of ${line.told} lines`);
    if (isCut(line) && line.told + (lines[i + 1]?.told ?? 0) === 0 && !(model.areRecordsLate && isTold(line.number))) throw new Error(`nothing tells that ${line.number} is cut`);
    if (line.told >= missing) return;
    for (let number = line.number - missing; number < line.number; number++) if (!isTold(number)) throw new Error(`${place} nothing tells of ${number}`);
  });
}

const KINDS = {
  'as long as the process lives': stepsOf(calm, fc.constant(undefined)),
  'when it is killed': stepsOf(deadly, fc.option(crash, { freq: 6, nil: undefined })),
  'when the disk fails, too': stepsOf(deadly, fc.option(failing, { freq: 4, nil: undefined })),
  'when the power fails': stepsOf(powerless, fc.option(crash, { freq: 6, nil: undefined })),
};

for (const [when, steps] of Object.entries(KINDS)) {
  test.serial(`K1: each line is in the stream once and in order, or a record tells of it, ${when}`, async (t) => {
    await fc.assert(fc.asyncProperty(settings, steps, fc.infiniteStream(fc.nat(5039)), async (chosen, list, luck) => {
      let now = 0;
      const clock = mock.method(performance, 'now', () => now += 1);
      try {
        const model = new SessionModel(chosen, (limit) => (luck.next().value as number) % limit);
        for (const each of list) await model.run(each);
        await model.finish();
        judge(model, chosen);
        judgeNumbers(model);
        if (steps === KINDS['as long as the process lives']) judgeCounters(model);
        judgeFailure(model, chosen);
      } finally {
        clock.mock.restore();
        mock.timers.reset();
      }
    }), { numRuns: Math.ceil(RUNS / 4), includeErrorInReport: true });
    t.pass();
  });
}
