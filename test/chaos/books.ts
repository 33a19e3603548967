/** The accounting identity: what was read is confirmed, or in the journal, or dropped for a reason that is counted. */
import type { Stream } from '../support/stream.ts';
import { until } from '../support/wait.ts';
import type { Bed } from './bed.ts';
import type { Figures } from './goal.ts';

/** Counters of a session's end that are lines given up. */
const REASONS = ['overflow', 'too-large', 'not-permitted', 'refused', 'gave-up', 'shutdown'] as const;

/** For what NATS has to arrive here. */
const ARRIVAL_MS = 60_000;

/** Sessions, where the driver's counts are not those of the goal. */
const MOST_SHOWN = 30;

/** No goal may have any of these. */
export const ACCOUNTED = { lost: 0, unaccounted: 0, corrupted: 0 } as const;

/** Nor these, where there is room for all lines. */
export const NO_LOSS = { ...ACCOUNTED, dropped: 0 } as const;

export interface Closing {
  /** Where the lines are read from; without it a subscription has brought them. */
  readonly stream?: Stream;
  /** A process that is killed does not say what it has counted. */
  readonly wasKilled?: boolean;
  /** Indices of containers whose lines nobody subscribed to. */
  readonly unseen?: readonly number[];
}

/** What the driver's own log says that it counted, over all processes. */
export interface Counted {
  readonly bytesRead: number;
  readonly confirmed: number;
  readonly dropped: Readonly<Record<(typeof REASONS)[number], number>>;
}

/** For all containers, or for those of these names. */
export function countedBy(bed: Bed, names?: readonly string[]): Counted {
  const ends = bed.plugin.log('session ended').filter(({ container }) => names === undefined || names.includes(String(container)));
  const sum = (field: string): number => ends.reduce((total, line) => total + Number(line[field] ?? 0), 0);
  const dropped = Object.fromEntries(REASONS.map((reason) => [reason, sum(reason)])) as Counted['dropped'];
  return { bytesRead: sum('bytes_read'), confirmed: sum('lines_confirmed'), dropped };
}

/**
 * Ends all sessions and closes the books. Once every session is over and forgotten nothing is in a journal: what was written must be what came
 * and what was given up, and, where no process was killed, what the driver says that it read, confirmed and gave up.
 */
export async function closeBooks(bed: Bed, { stream, wasKilled = false, unseen = [] }: Closing = {}): Promise<Figures> {
  await bed.end();
  const { written, bytes } = await bed.feed.count();
  const total = (lines: readonly number[]): number => lines.reduce((sum, each) => sum + each, 0);
  const seen = written.map((lines, index) => unseen.includes(index) ? 0 : lines);
  const counted = countedBy(bed);
  const dropped = total(Object.values(counted.dropped));
  if (stream !== undefined) await bed.readBack(stream);
  else await until('every line has come', () => bed.ledger.received() >= total(seen) - dropped, ARRIVAL_MS).catch(() => undefined);
  const missing = bed.ledger.missing(seen);
  const own = wasKilled ? 0 : Math.abs(total(written) - counted.confirmed - dropped) + Math.abs(bytes - counted.bytesRead);
  const { twice, reordered, corrupted, examples } = bed.ledger;
  const lost = Math.max(0, missing - dropped);
  if (lost + reordered + corrupted > 0) console.error(`chaos: ${examples.join('\n       ')}`);
  if (own !== 0) {
    console.error(`chaos: written ${written.slice(0, MOST_SHOWN).join(' ')} lines, ${bytes} bytes; the driver counted ${JSON.stringify(counted)}`);
    for (const end of bed.plugin.log('session ended').slice(0, MOST_SHOWN)) console.error(`chaos: ${JSON.stringify(end)}`);
  }
  // A line that was under way when its link was cut, and then given up for want of room, may have arrived all the same.
  return { lost, unaccounted: lost + own, corrupted, reordered, twice, dropped, dropped_but_came: Math.max(0, dropped - missing), lines: total(written) };
}
