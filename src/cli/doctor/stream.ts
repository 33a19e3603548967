/** With JetStream: whether a stream takes the lines, and for how long that will go well. */
import type { Target } from '../../core/target.ts';
import { addCommand } from '../../nats/make-stream.ts';
import { JetStreamFault, type Probe, type StreamReport } from '../../nats/probe.ts';
import type { PlannedOutput } from '../../plan.ts';
import { showBytes, showSeconds } from '../printable.ts';
import type { Finding } from './finding.ts';

/** Of its limits. */
const NEARLY_FULL = 0.9;
/** Clocks differ by so much where they are kept right. */
const CLOCK_MS = 5000;

export async function* checkStream(probe: Probe, plan: PlannedOutput): AsyncGenerator<Finding> {
  const { transport, subject, stream: wanted, target } = plan;
  if (transport !== 'jetstream') {
    yield { check: 'stream', result: 'skipped', detail: 'nats-transport=core: whoever subscribes gets the lines, nobody keeps them' };
    return;
  }
  try {
    const names = await probe.streamsOf(subject);
    const [name] = names;
    if (name === undefined) {
      yield wanted?.create === true
        ? { check: 'stream', result: 'ok', detail: `none covers ${subject} yet: ${wanted.name} is made with the first line` }
        : { id: 'stream-missing', check: 'stream', result: 'failed', detail: `no stream covers ${subject}: lines would wait, and then be dropped`, remedy: `${addCommand(wanted?.name, target, wanted?.subjects[0] ?? subject)}\nor set nats-stream and nats-stream-create=true` };
      return;
    }
    if (wanted !== undefined && !names.includes(wanted.name)) {
      yield { id: 'stream-other', check: 'stream', result: 'failed', detail: `${name} covers ${subject}, and nats-stream is ${wanted.name}: nothing would be stored`, remedy: 'correct nats-stream, or the subjects of the streams' };
      return;
    }
    yield* judge(await probe.stream(wanted?.name ?? name), subject, target, probe.info?.max_payload ?? 0);
  } catch (error) {
    if (!(error instanceof JetStreamFault)) throw error;
    yield { id: 'jetstream-unavailable', check: 'stream', result: 'failed', detail: error.message, remedy: 'switch JetStream on in the server and for the account, or use nats-transport=core; the user needs permission for $JS.API.> and _INBOX.>' };
  }
}

function* judge(stream: StreamReport, subject: string, target: Target, maxPayload: number): Generator<Finding> {
  const { name, fill, discardsNew, isSealed, isAcknowledged, duplicateWindowMs, storage, replicas, maxMessage, maxAgeMs, serverTime } = stream;
  const keeps = maxAgeMs > 0 ? `for ${showSeconds(maxAgeMs / 1000)}` : 'without limit of time';
  yield { check: 'stream', result: 'ok', detail: `${name} covers ${subject}: ${storage} storage, ${replicas} replica${replicas === 1 ? '' : 's'}, keeps ${keeps}` };
  if (isSealed) yield { id: 'stream-sealed', check: 'stream', result: 'failed', detail: `${name} is sealed: it takes nothing any more`, remedy: 'use another stream' };
  if (!isAcknowledged) yield { id: 'stream-unconfirmed', check: 'stream', result: 'failed', detail: `${name} confirms nothing (no_ack): lines would wait for ever`, remedy: `nats stream edit ${name} --ack` };
  if (storage === 'memory') yield { id: 'stream-in-memory', check: 'stream', result: 'warning', detail: `${name} is in memory: a restart of the server loses the lines`, remedy: 'use a stream with file storage' };
  if (fill >= NEARLY_FULL) {
    const used = `${name} is ${Math.round(fill * 100)} % full`;
    yield discardsNew
      ? { id: 'stream-nearly-full', check: 'stream limits', result: 'warning', detail: `${used} and refuses new messages then (discard new): lines would wait`, remedy: `nats stream edit ${name} --discard old, or raise its limits` }
      : { check: 'stream limits', result: 'ok', detail: `${used} and removes its oldest messages` };
  } else {
    yield { check: 'stream limits', result: 'ok', detail: fill === 0 ? 'none, or empty' : `${Math.round(fill * 100)} % used` };
  }
  if (maxMessage !== undefined && maxMessage < maxPayload) {
    yield { id: 'stream-small-messages', check: 'stream limits', result: 'warning', detail: `${name} takes messages of at most ${showBytes(maxMessage)}, the server ${showBytes(maxPayload)}: longer lines are refused and counted`, remedy: `nats stream edit ${name} --max-msg-size -1, or set nats-dead-letter-subject` };
  }
  // What was on its way is sent again when a hung server was left, and another one was found.
  const resendMs = 2 * target.pingIntervalMs + target.reconnectWaitMs + target.connectTimeoutMs;
  yield duplicateWindowMs < resendMs
    ? { id: 'duplicate-window-short', check: 'duplicate window', result: 'warning', detail: `${showSeconds(duplicateWindowMs / 1000)}, and lines may be sent again after ${showSeconds(resendMs / 1000)}: they would be stored twice`, remedy: `nats stream edit ${name} --dupe-window 2m` }
    : { check: 'duplicate window', result: 'ok', detail: showSeconds(duplicateWindowMs / 1000) };
  if (serverTime === undefined) {
    yield { check: 'clock', result: 'skipped', detail: 'the server does not tell its time (2.10 and later do)' };
    return;
  }
  const difference = Date.now() - serverTime.getTime();
  yield Math.abs(difference) > CLOCK_MS
    ? { id: 'clock-differs', check: 'clock', result: 'warning', detail: `this host is ${showSeconds(Math.abs(difference) / 1000)} ${difference > 0 ? 'ahead of' : 'behind'} the server`, remedy: 'set the clock: lines carry the time of this host' }
    : { check: 'clock', result: 'ok', detail: 'as the clock of the server' };
}
