/** `nats-log-driver status`: what the running driver knows of itself, as a table; with rates when it is watched. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionStatus, Counts, DriverStatus, SessionStatus } from '../core/status.ts';
import { UsageError } from './command.ts';
import { untilInterrupted } from './interrupt.ts';
import type { Output, Style } from './output.ts';
import { printable, showBytes, showCount, showSeconds } from './printable.ts';
import { ask, DriverFault, expectOk, theSocket } from './sockets.ts';
import { align, fit } from './table.ts';

export interface StatusArguments {
  readonly socket: string | undefined;
  readonly watch: boolean;
  readonly json: boolean;
}

const DEFAULT_SECONDS = '2';
/** Home of the cursor, and what is right of it and below it. */
const SCREEN = { home: '\u001b[H', restOfLine: '\u001b[K', below: '\u001b[J', clear: '\u001b[2J', hideCursor: '\u001b[?25l', showCursor: '\u001b[?25h' } as const;

/** Returns the exit code. Throws UsageError. */
export async function status({ socket, watch, json }: StatusArguments, [seconds]: readonly string[], output: Output): Promise<number> {
  if (seconds !== undefined && !watch) throw new UsageError('SECONDS go with --watch');
  const interval = Number(seconds ?? DEFAULT_SECONDS);
  if (!(interval >= 0.1 && interval <= 3600)) throw new UsageError(`SECONDS: expected a number from 0.1 to 3600, got ${JSON.stringify(seconds)}`);
  try {
    const path = theSocket(socket);
    if (watch) return await watchStatus(path, interval * 1000, json, output);
    const found = await readStatus(path);
    output.write(json ? `${JSON.stringify(found, null, 2)}\n` : `${render(found, undefined, output).join('\n')}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof DriverFault)) throw error;
    output.writeError(`${output.paintError('red', error.message)}\n`);
    return 1;
  }
}

async function readStatus(path: string): Promise<DriverStatus> {
  const body = expectOk(await ask(path, 'GET', '/status'), path);
  if (typeof body === 'object' && body !== null && 'sessions' in body) return body as DriverStatus;
  throw new DriverFault(`${path}: answered with something else than a status`);
}

/** Until Ctrl-C. A driver that does not answer is asked again. */
async function watchStatus(path: string, intervalMs: number, json: boolean, output: Output): Promise<number> {
  const signal = untilInterrupted();
  const isDrawn = output.isTerminal && !json;
  if (isDrawn) output.write(SCREEN.hideCursor + SCREEN.clear);
  let before: DriverStatus | undefined;
  while (!signal.aborted) {
    const now = await readStatus(path).catch((error: unknown) => {
      if (error instanceof DriverFault) return error;
      throw error;
    });
    if (now instanceof DriverFault) show([output.paint('red', now.message)]);
    else if (json) output.write(`${JSON.stringify(now)}\n`);
    else show(render(now, before, output));
    before = now instanceof DriverFault ? undefined : now;
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
  if (isDrawn) output.write(SCREEN.showCursor);
  return 0;

  function show(lines: readonly string[]): void {
    if (!isDrawn) return output.write(`${lines.join('\n')}\n\n`);
    const room = Math.max(1, output.rows - 1);
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more lines`];
    output.write(SCREEN.home + shown.map((line) => `${line}${SCREEN.restOfLine}\n`).join('') + SCREEN.below);
  }
}

function render(now: DriverStatus, before: DriverStatus | undefined, output: Output): string[] {
  return [
    ...renderHead(now, before, output.paint), '',
    ...renderSessions(now, before, output), '',
    ...renderConnections(now.connections, output),
  ];
}

/** Two hosts with one revision have the same. */
function renderConfiguration({ file = 'no file', bucket, revision, loaded_at }: DriverStatus['configuration']): string {
  return [file, ...(bucket === undefined ? [] : [bucket]), ...(revision === undefined ? [] : [`revision ${revision}`]), `loaded ${loaded_at}`].join(', ');
}

function renderHead({ version, hostname, pid, uptime_seconds, workers, configuration, journal, connection_totals, ...rest }: DriverStatus, before: DriverStatus | undefined, paint: Output['paint']): string[] {
  const { disk, memory, oldest_age_seconds } = journal;
  const elapsed = before === undefined ? 0 : uptime_seconds - before.uptime_seconds;
  const rate = before === undefined || elapsed <= 0 ? '' : `, ${showBytes((rest.bytes_read - before.bytes_read) / elapsed)}/s`;
  const facets: [string, string, Style?][] = [
    ['driver', `${version} on ${printable(hostname)}, pid ${pid}${workers > 1 ? `, ${workers} workers` : ''}, up ${showSeconds(uptime_seconds)}`],
    ['configuration', renderConfiguration(configuration)],
    ...(configuration.error === undefined ? [] : [['refused', printable(configuration.error), 'red'] as [string, string, Style]]),
    ['read', `${showBytes(rest.bytes_read)}${rate}, sessions ${rest.sessions.length} (${rest.sessions_started} begun, ${rest.sessions_ended} ended)`],
    ...(disk === undefined ? [] : [['disk', `${showBytes(disk.bytes)} of ${showBytes(disk.limit_bytes)}${disk.is_failing ? ', does not take lines' : ''}`,
      ...(disk.is_failing ? ['red'] : [])] as [string, string, Style?]]),
    ['memory', `${showBytes(memory.bytes)} of ${showBytes(memory.limit_bytes)}`],
    ['oldest line', oldest_age_seconds === 0 ? 'none waits' : showSeconds(oldest_age_seconds)],
    ['connections', `${connection_totals.connects} made, ${connection_totals.losses} lost, ${connection_totals.failed_attempts} attempts failed`],
  ];
  return align(facets.map(([name, value]) => [name, value]), (text, row, column) =>
    column === 0 ? paint('cyan', text) : paint(facets[row]?.[2] ?? 'reset', text)).split('\n');
}

/** Of all outputs, where they differ the worst. */
function stateOf({ state, outputs }: SessionStatus): string {
  const worst = outputs.find((each) => each.state !== 'ready');
  return worst === undefined || state === 'parked' ? state : `${state}, ${worst.state}`;
}

function lost({ lines_dropped }: Counts): number {
  return Object.values(lines_dropped).reduce((sum, lines) => sum + lines, 0);
}

function renderSessions(now: DriverStatus, before: DriverStatus | undefined, output: Output): string[] {
  const elapsed = before === undefined ? 0 : now.uptime_seconds - before.uptime_seconds;
  const known = new Map(before?.sessions.map((session) => [keyOf(session), session]));
  const confirmed = ({ outputs }: SessionStatus): number => outputs[0]?.counts.lines_confirmed ?? 0;
  const rows = now.sessions.map((session) => {
    const earlier = known.get(keyOf(session));
    const rate = earlier === undefined || elapsed <= 0 ? '' : showCount((confirmed(session) - confirmed(earlier)) / elapsed);
    const dropped = session.outputs.reduce((sum, { counts }) => sum + lost(counts), 0);
    return [
      printable(session.container), session.container_id.slice(0, 12), stateOf(session), showCount(confirmed(session)),
      ...(before === undefined ? [] : [rate]),
      showBytes(session.journal.bytes), session.journal.oldest_age_seconds === 0 ? '' : showSeconds(session.journal.oldest_age_seconds),
      dropped === 0 ? '' : showCount(dropped), session.outputs.map(({ subject }) => subject).join(', '),
    ];
  });
  const head = ['CONTAINER', 'ID', 'STATE', 'LINES', ...(before === undefined ? [] : ['LINES/S']), 'WAITING', 'AGE', 'DROPPED', 'SUBJECT'];
  if (rows.length === 0) return [output.paint('dim', 'no sessions')];
  const droppedAt = head.length - 2;
  return table([head, ...rows], [0, head.length - 1], output, (text, column) => {
    if (column === 2 && text !== 'live') return 'yellow';
    return column === droppedAt && text !== '' ? 'red' : undefined;
  });
}

function keyOf({ container_id, started_at }: SessionStatus): string {
  return `${container_id} ${started_at}`;
}

function renderConnections(connections: readonly ConnectionStatus[], output: Output): string[] {
  if (connections.length === 0) return [output.paint('dim', 'no connections')];
  const rows = connections.map((each) => [
    each.server ?? each.servers.join(', '), each.state, showSeconds((Date.now() - Date.parse(each.since)) / 1000),
    each.round_trip_seconds === undefined ? '' : `${(each.round_trip_seconds * 1000).toFixed(1)}ms`,
    `${Math.round(100 * each.window_bytes / Math.max(1, each.window_limit_bytes))} %`, showCount(each.outputs), showCount(each.losses),
    each.server_version ?? '', printable(each.reason ?? ''),
  ]);
  return table([['SERVER', 'STATE', 'SINCE', 'RTT', 'WINDOW', 'OUTPUTS', 'LOST', 'VERSION', 'REASON'], ...rows], [0, 8], output, (text, column) =>
    column === 1 && text !== 'connected' ? (text === 'connecting' ? 'yellow' : 'red') : undefined);
}

/** Cut to the width of a terminal, and of nothing else. */
function table(rows: readonly (readonly string[])[], flexible: readonly number[], { paint, isTerminal, columns }: Output, style: (text: string, column: number) => Style | undefined): string[] {
  const fitting = isTerminal ? fit(rows, flexible, columns) : rows;
  return align(fitting, (text, row, column) => {
    const found = row === 0 ? 'bold' : style(text, column);
    return found === undefined ? text : paint(found, text);
  }).split('\n');
}
