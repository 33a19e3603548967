/**
 * The accounting identity: what was read is confirmed, or in the journal, or dropped for a reason that is counted. The driver's own
 * books are checked, its status and the lines of its log in which sessions end, against each other and against what went into the FIFOs.
 */
import type { ExecutionContext } from 'ava';
import { Counters } from '../../src/core/account.ts';
import type { Counts, DriverStatus } from '../../src/core/status.ts';
import type { DropReason } from '../../src/core/types.ts';
import { sessionKey } from '../../src/journal/session-records.ts';
import type { FakeEngine } from './fake-engine.ts';
import { get } from './http.ts';
import type { LogLine, PluginProcess } from './plugin-process.ts';
import { until } from './wait.ts';
import { WrittenFrames } from './written-frames.ts';

const MOST_SHOWN = 10;
const REASONS = Object.keys(new Counters().linesDropped) as DropReason[];

/** Of one output, in lines: of one process, or of several one after the other. */
interface Lines {
  readonly read: number;
  readonly confirmed: number;
  readonly dropped: number;
}

/** What the processes that had a session said of it, those that were asked to end, and the one that lives. */
interface Account extends Lines {
  readonly bytesRead: number;
  /** Behind the offset up to which everything is confirmed or given up: what the journal holds. */
  readonly unconfirmedBytes: number;
}

/** The test fails when the driver's books do not balance at its end, before the driver is ended. To be called after the teardown that ends it is known. */
export function keepBooks(t: ExecutionContext, plugin: PluginProcess, engine: FakeEngine): void {
  const books = new FifoBooks();
  engine.wrote = (file, bytes) => books.wrote(file, bytes);
  t.teardown(async () => {
    // The log first: a session that ends in between is in neither of them, and never in both.
    const log = logOf(plugin);
    const status = await statusOf(plugin);
    const faults = books.faults(status === undefined ? logOf(plugin) : log, status);
    if (faults.length > 0) throw new Error(`the driver's books do not balance:\n${faults.slice(0, MOST_SHOWN).join('\n')}`);
  });
}

function logOf(plugin: PluginProcess): LogLine[] {
  return [...plugin.log('session started'), ...plugin.log('session ended')];
}

/** undefined: it has ended, or was about to and has ended now. */
async function statusOf(plugin: PluginProcess): Promise<DriverStatus | undefined> {
  if (plugin.hasEnded) return undefined;
  try {
    return JSON.parse((await get(plugin.socket, '/status')).body) as DriverStatus;
  } catch (error) {
    await until('a driver that does not answer has ended', () => plugin.hasEnded).catch(() => {
      throw error;
    });
    return undefined;
  }
}

/** What does not balance in the status: for each output, and for all together. */
export function faultsOfStatus({ sessions, totals }: Pick<DriverStatus, 'sessions' | 'totals'>): string[] {
  const outputs = sessions.flatMap(({ container, outputs: all }) =>
    all.map(({ name, counts, unconfirmed_bytes: bytes }) => ({ place: `${container}, output ${name}`, counts, bytes })));
  // An output that goes over to another transport has lines in the books of both.
  const total = sumOf(Object.values(totals).map(linesOf));
  const open = sumOf(outputs.map(({ counts }) => linesOf(counts)));
  return [
    ...outputs.flatMap(({ place, counts, bytes }) => faultsOfCounts(place, counts, bytes)),
    ...underWay(total) === underWay(open) ? [] : [`all sessions: ${inWords(total)}; under way are ${underWay(open)} of those that are left`],
  ];
}

/** What does not balance where a session has ended, or was left to the next process. */
export function faultsOfLog(log: readonly LogLine[]): string[] {
  return ended(log).flatMap((line) =>
    faultsOfLines(`${line['container']}, output ${line['output'] ?? 'main'}, at its end`, linesOfEnd(line), numberOf(line, 'unconfirmed_bytes')));
}

/** Knows what was written into the FIFOs of a test. */
export class FifoBooks {
  readonly #written = new Map<string, WrittenFrames>();

  wrote(file: string, bytes: Uint8Array): void {
    const key = sessionKey(file);
    const written = this.#written.get(key) ?? new WrittenFrames();
    this.#written.set(key, written);
    written.push(bytes);
  }

  /** What does not balance. `status`: of the process that lives, taken after the log; undefined: none does. */
  faults(log: readonly LogLine[], status: DriverStatus | undefined): string[] {
    const own = [...(status === undefined ? [] : faultsOfStatus(status)), ...faultsOfLog(log)];
    return [...own, ...[...this.#written].flatMap(([key, written]) => faultsOfSession(key, written, log, status))];
  }
}

/**
 * Of the main output, over all processes. One that was killed took its counts with it: all that can be said then is that no more lines were
 * counted than there are.
 */
function faultsOfSession(key: string, written: WrittenFrames, log: readonly LogLine[], status: DriverStatus | undefined): string[] {
  const ends = ended(log).filter((line) => line['session'] === key && line['output'] === undefined);
  const live = status?.sessions.find(({ id }) => id === key);
  const lives = log.filter(({ msg, session }) => msg === 'session started' && session === key).length;
  const told = [...ends.map(accountOfEnd), ...(live === undefined ? [] : [accountOf(live)])];
  if (told.length === 0 || !written.isWhole) return [];
  const place = `the session of ${live?.container ?? ends[0]?.['container']}`;
  const account = { ...sumOf(told), bytesRead: sum(told.map(({ bytesRead }) => bytesRead)), unconfirmedBytes: told.at(-1)?.unconfirmedBytes ?? 0 };
  if (lives !== told.length) return account.confirmed + account.dropped <= written.lines ? [] : [`${place}: ${written.lines} lines were written: ${inWords(account)}`];
  return faultsOfWhole(place, written, account);
}

function faultsOfWhole(place: string, written: WrittenFrames, account: Account): string[] {
  const { bytesRead, unconfirmedBytes, confirmed, dropped } = account;
  if (bytesRead > written.bytes) return [`${place}: ${bytesRead} bytes were read of ${written.bytes}`];
  // Lines that were dropped behind lines that wait are no part of the journal.
  if (dropped > 0 && unconfirmedBytes > 0) return confirmed + dropped <= written.lines ? [] : [`${place}: ${written.lines} lines were written: ${inWords(account)}`];
  const lines = written.linesBefore(bytesRead - unconfirmedBytes);
  if (lines === undefined || lines === confirmed + dropped) return [];
  return [`${place}: ${written.linesBefore(bytesRead) ?? 'some'} lines were read, ${bytesRead} bytes; ${unconfirmedBytes} bytes are in the journal, before which there were ${lines} lines: ${inWords(account)}`];
}

/** What does not balance in the counts of one output. */
export function faultsOfCounts(place: string, counts: Counts, unconfirmedBytes: number): string[] {
  return faultsOfLines(place, linesOf(counts), unconfirmedBytes);
}

/** Nothing is under way where nothing is unconfirmed. */
function faultsOfLines(place: string, lines: Lines, unconfirmedBytes: number): string[] {
  if (underWay(lines) < 0) return [`${place}: more than was read: ${inWords(lines)}`];
  if (underWay(lines) > 0 && unconfirmedBytes === 0) return [`${place}: nothing is unconfirmed, but not all is confirmed or dropped: ${inWords(lines)}`];
  return [];
}

function ended(log: readonly LogLine[]): LogLine[] {
  return log.filter(({ msg }) => msg === 'session ended');
}

function accountOf({ bytes_read: bytesRead, outputs: [main] }: DriverStatus['sessions'][number]): Account {
  if (main === undefined) throw new Error('a session without an output');
  return { ...linesOf(main.counts), bytesRead, unconfirmedBytes: main.unconfirmed_bytes };
}

function accountOfEnd(line: LogLine): Account {
  return { ...linesOfEnd(line), bytesRead: numberOf(line, 'bytes_read'), unconfirmedBytes: numberOf(line, 'unconfirmed_bytes') };
}

function linesOf({ lines_read: read, lines_confirmed: confirmed, lines_dropped: dropped }: Counts): Lines {
  return { read, confirmed, dropped: sum(Object.values(dropped)) };
}

function linesOfEnd(line: LogLine): Lines {
  return { read: numberOf(line, 'lines_read'), confirmed: numberOf(line, 'lines_confirmed'), dropped: sum(REASONS.map((reason) => numberOf(line, reason))) };
}

/** A count of nothing is left out. */
function numberOf(line: LogLine, field: string): number {
  return Number(line[field] ?? 0);
}

/** Handed over, and not confirmed. */
function underWay({ read, confirmed, dropped }: Lines): number {
  return read - confirmed - dropped;
}

function inWords({ read, confirmed, dropped }: Lines): string {
  return `${read} handed over or dropped, ${confirmed} confirmed, ${dropped} dropped`;
}

function sumOf(all: readonly Lines[]): Lines {
  return { read: sum(all.map(({ read }) => read)), confirmed: sum(all.map(({ confirmed }) => confirmed)), dropped: sum(all.map(({ dropped }) => dropped)) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
