/**
 * Whether the driver does what it is there for, and if not, why: lines are not delivered, or soon will be lost. What
 * somebody should know besides is a warning, with which the driver is ready.
 */
import type { DriverStatus } from './status.ts';

/** A server that restarts, or a fail-over, is no reason to call anybody. */
const AWAY_SECONDS = 30;
/** Of the room for unconfirmed lines. */
const FULL_SHARE = 0.8;

export type ProblemKind = 'configuration-refused' | 'change-refused' | 'sessions-parked' | 'gave-up' | 'disconnected' | 'journal-failing' | 'journal-filling';

export interface Problem {
  readonly kind: ProblemKind;
  readonly severity: 'error' | 'warning';
  /** For people. */
  readonly message: string;
}

/** `now`: milliseconds since 1970. */
export function problemsOf(status: DriverStatus, now: number): readonly Problem[] {
  const problems = [...configurationProblems(status), ...connectionProblems(status, now), ...journalProblems(status)];
  return problems.map(({ kind, message }) => ({ kind, severity: kind === 'change-refused' ? 'warning' : 'error', message }));
}

export function isReady(problems: readonly Problem[]): boolean {
  return problems.every(({ severity }) => severity !== 'error');
}

type Finding = Pick<Problem, 'kind' | 'message'>;

function* configurationProblems({ configuration, sessions }: DriverStatus): Generator<Finding> {
  const { error, in_force: isInForce } = configuration;
  if (error !== undefined) yield { kind: isInForce ? 'change-refused' : 'configuration-refused', message: error };
  const parked = sessions.filter(({ state }) => state === 'parked').length;
  if (parked > 0) yield { kind: 'sessions-parked', message: `${parked} sessions wait for their credentials` };
}

/** Of the connections that somebody waits for. */
function* connectionProblems({ connections }: DriverStatus, now: number): Generator<Finding> {
  for (const { state, servers, reason, since, outputs } of connections) {
    if (state === 'connected' || outputs === 0) continue;
    const seconds = Math.round((now - Date.parse(since)) / 1000);
    const where = `${servers.join(', ')}${reason === undefined ? '' : `: ${reason}`}`;
    if (state === 'gave-up') yield { kind: 'gave-up', message: `gave up connecting to ${where}` };
    else if (seconds > AWAY_SECONDS) yield { kind: 'disconnected', message: `for ${seconds} s not connected to ${where}` };
  }
}

function* journalProblems({ journal: { disk, memory } }: DriverStatus): Generator<Finding> {
  if (disk?.is_failing === true) yield { kind: 'journal-failing', message: 'the disk does not take lines, they are kept in memory' };
  if (disk !== undefined) yield* filling('disk', disk.bytes, Math.min(disk.limit_bytes, disk.bytes + (disk.available_bytes ?? Infinity)));
  yield* filling('memory', memory.bytes, memory.limit_bytes);
}

function* filling(where: string, bytes: number, room: number): Generator<Finding> {
  if (bytes <= FULL_SHARE * room) return;
  yield { kind: 'journal-filling', message: `unconfirmed lines fill ${Math.floor(100 * bytes / room)} % of their room (${where})` };
}
