/** Each server of a target, step by step; then the subjects, on the first server that takes the login. */
import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { serverName, type ReadTls } from '../../core/target.ts';
import { ByteWriter } from '../../core/byte-writer.ts';
import { formatters } from '../../formatters/registry.ts';
import { describeDialError } from '../../nats/dial-error.ts';
import { Probe, readCertificate, readGreeting, reachPort, type CertificateFacts, type Permissions } from '../../nats/probe.ts';
import { covers } from '../../nats/subject.ts';
import type { PooledServer } from '../../nats/server-pool.ts';
import { fileReaders } from '../../options/file-readers.ts';
import type { PlannedOutput } from '../../plan.ts';
import { printable, showBytes } from '../printable.ts';
import type { Way } from './configuration.ts';
import type { Finding, FindingId } from './finding.ts';
import { checkStream } from './stream.ts';

const DAY_MS = 86_400_000;
/** Time enough to renew a certificate. */
const SOON_DAYS = 30;
/** Lines are put together up to 1 MiB; the engine splits at 16 KiB. */
const SMALL_PAYLOAD = 64 * 1024;
/** Over it, throughput is bounded by the window. */
const SLOW_MS = 100;

/** `ways`: that have the same target. */
export async function* checkNats([first, ...others]: readonly Way[], publish: boolean): AsyncGenerator<Finding> {
  if (first === undefined) {
    yield { check: 'servers', result: 'skipped', detail: 'the options are refused' };
    return;
  }
  let probe: Probe | undefined;
  for (const server of first.output.target.servers) {
    const found = yield* checkServer(server, first.output);
    if (probe === undefined) probe = found;
    else found?.close();
  }
  if (probe === undefined) {
    yield { check: 'subject', result: 'skipped', detail: 'no server takes the login' };
    return;
  }
  for (const { output } of [first, ...others]) {
    yield* checkSubject(probe, output, publish);
    yield* checkStream(probe, output);
  }
  probe.close();
}

/** Returns the login, if there is one. */
async function* checkServer(server: PooledServer, { target, resolved }: PlannedOutput): AsyncGenerator<Finding, Probe | undefined> {
  const name = serverName(server);
  const { connectTimeoutMs } = target;
  const readers = fileReaders(() => resolved.options['nats-secret-dirs']);
  try {
    const addresses = await lookup(server.host, { all: true });
    yield { check: 'name', result: 'ok', detail: `${server.host}: ${addresses.map(({ address }) => address).join(', ')}` };
  } catch (error) {
    yield failed('name-unknown', 'name', `${server.host}: ${describeDialError(error).reason}`, 'correct nats-servers, or the name service of this host; names of Docker networks are unknown to it');
    return undefined;
  }
  try {
    const from = performance.now();
    await reachPort(server, connectTimeoutMs);
    yield { check: 'TCP connect', result: 'ok', detail: `${name} in ${(performance.now() - from).toFixed(1)} ms` };
  } catch (error) {
    yield failed('port-closed', 'TCP connect', `${name}: ${describeDialError(error).reason}`, 'does nats-server run there, and does a firewall let this host through? localhost is this host');
    return undefined;
  }
  const isEncrypted = yield* checkGreeting(server, target);
  if (isEncrypted === undefined || (isEncrypted && !(yield* checkCertificate(server, target, readers.readTls)))) return undefined;
  try {
    const probe = await Probe.login(server, target, { name: `nats-log-driver doctor@${hostname()}`, ...readers });
    const { version = '', max_payload = 0, auth_required = false, jetstream = false } = probe.info ?? {};
    yield { check: 'login', result: 'ok', detail: auth_required ? 'the credentials are accepted' : 'the server asks for no credentials' };
    yield { check: 'server', result: 'ok', detail: `nats-server ${version}, JetStream ${jetstream ? 'on' : 'off'}` };
    yield max_payload < SMALL_PAYLOAD
      ? { id: 'payload-small', check: 'max_payload', result: 'warning', detail: `${showBytes(max_payload)}: longer lines come in pieces`, remedy: 'raise max_payload in the configuration of the server (default 1 MiB), or see nats-oversize' }
      : { check: 'max_payload', result: 'ok', detail: showBytes(max_payload) };
    const ms = await probe.roundTrip();
    yield ms > SLOW_MS
      ? { id: 'round-trip-slow', check: 'round trip', result: 'warning', detail: `${ms.toFixed(0)} ms`, remedy: 'throughput is at most nats-window-size for each round trip: raise it for busy hosts, or put a leaf node near' }
      : { check: 'round trip', result: 'ok', detail: `${ms.toFixed(2)} ms` };
    return probe;
  } catch (error) {
    const { reason, isAuthentication } = describeDialError(error);
    yield failed(isAuthentication ? 'login-refused' : 'login-failed', 'login', reason, isAuthentication ? 'correct nats-user and nats-pass, nats-token, nats-creds-file or what else the server asks for; nats-log-driver explain shows which are used' : 'the log of the server says more');
    return undefined;
  }
}

/** Whether TLS is spoken; undefined: it is no use to go on. */
async function* checkGreeting(server: PooledServer, target: PlannedOutput['target']): AsyncGenerator<Finding, boolean | undefined> {
  if (target.tls?.handshakeFirst === true) return true;
  try {
    const { requiresTls, offersTls } = await readGreeting(server, target.connectTimeoutMs);
    if (server.tls && !offersTls) {
      yield failed('tls-not-offered', 'TLS', 'the server does not offer TLS', 'switch TLS on in the server; or take tls:// and every nats-tls- option away, and lines travel in plain text');
      return undefined;
    }
    if (!requiresTls && !server.tls) yield { check: 'TLS', result: 'skipped', detail: 'neither asked for nor demanded: lines travel in plain text' };
    return requiresTls || server.tls;
  } catch (error) {
    yield failed('no-nats-server', 'greeting', `${serverName(server)}: ${describeDialError(error).reason}`, 'another service listens on this port, or the server wants TLS first (nats-tls-handshake-first)');
    return undefined;
  }
}

/** Whether it is good enough for the driver. */
async function* checkCertificate(server: PooledServer, target: PlannedOutput['target'], readTls: ReadTls): AsyncGenerator<Finding, boolean> {
  let facts: CertificateFacts;
  try {
    facts = await readCertificate(server, target, readTls, target.connectTimeoutMs);
  } catch (error) {
    yield failed('tls-no-handshake', 'TLS handshake', describeDialError(error).reason, 'does the server offer TLS? Its log says why it refuses a handshake');
    return false;
  }
  const { subject, issuer, validTo, names, fault, protocol } = facts;
  const days = Math.floor((validTo.getTime() - Date.now()) / DAY_MS);
  const shown = `${protocol}, certificate of ${subject} (${names}), issued by ${issuer}, valid until ${Number.isNaN(validTo.getTime()) ? 'unknown' : validTo.toISOString().slice(0, 10)}`;
  if (fault !== undefined && target.tls?.skipVerify !== true) {
    const reason = describeDialError(Object.assign(new Error(fault), { code: fault })).reason;
    yield certificateFault(fault, `${reason}\n${shown}`);
    return false;
  }
  if (fault !== undefined) yield { id: 'certificate-unverified', check: 'TLS handshake', result: 'warning', detail: `${shown}; not trusted (${fault}), and accepted because of nats-tls-skip-verify`, remedy: 'name its authority in nats-tls-ca-cert, and take nats-tls-skip-verify away' };
  else if (days < SOON_DAYS) yield { id: 'certificate-ends-soon', check: 'TLS handshake', result: 'warning', detail: `${shown}: ${days} day${days === 1 ? '' : 's'} left`, remedy: 'renew the certificate of the server' };
  else yield { check: 'TLS handshake', result: 'ok', detail: `${shown}` };
  return true;
}

/** By OpenSSL's code for what is wrong. */
const CERTIFICATE_FAULTS: ReadonlyMap<string, readonly [FindingId, remedy: string]> = new Map([
  ['CERT_HAS_EXPIRED', ['certificate-expired', 'renew the certificate of the server; is the clock of this host right?']],
  ['CERT_NOT_YET_VALID', ['certificate-not-yet-valid', 'set the clock of this host; or was the certificate made for later?']],
  ['ERR_TLS_CERT_ALTNAME_INVALID', ['certificate-other-name', 'use a name or address of the certificate in nats-servers, or name one in nats-tls-server-name']],
]);

function certificateFault(fault: string, detail: string): Finding {
  const [id, remedy] = CERTIFICATE_FAULTS.get(fault) ?? ['certificate-untrusted', 'name the authority that signed it in nats-tls-ca-cert'];
  return failed(id, 'TLS handshake', detail, remedy);
}

async function* checkSubject(probe: Probe, plan: PlannedOutput, publish: boolean): AsyncGenerator<Finding> {
  const { subject } = plan;
  if (publish) {
    const isPermitted = await probe.mayPublish(subject, testMessage(plan));
    yield isPermitted ? { check: 'publish', result: 'ok', detail: `the server has taken a message for ${subject}` } : notPermitted(subject);
    return;
  }
  const permissions = await probe.permissions();
  if (permissions === undefined) {
    yield { check: 'publish', result: 'skipped', detail: 'the server does not tell the permissions of its users (2.10 and later do)', remedy: '--publish tries it with one message, which no stream stores' };
    return;
  }
  yield isPermitted(permissions, subject) ? { check: 'publish', result: 'ok', detail: `user ${permissions.user} of account ${permissions.account} may publish to ${subject}` } : notPermitted(subject);
}

function notPermitted(subject: string): Finding {
  return failed('publish-denied', 'publish', `the user may not publish to ${subject}: the lines would be dropped`, `add ${subject} to the permissions of the user (publish), or change nats-subject`);
}

export function isPermitted({ allowed, denied }: Permissions, subject: string): boolean {
  return !denied.some((each) => covers(each, subject)) && (allowed === undefined || allowed.some((each) => covers(each, subject)));
}

function testMessage({ format, facts }: PlannedOutput): Uint8Array {
  const bytes = Buffer.from('nats-log-driver doctor: a test, no line of a container');
  const now = Date.now();
  const out = new ByteWriter(Buffer.alloc(16 * 1024));
  formatters[format](facts).format({
    source: 'stdout', seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6, bytes, start: 0, end: bytes.length, partial: undefined, offset: 0,
  }, out, Number.MAX_SAFE_INTEGER);
  return out.take();
}

function failed(id: FindingId, check: string, detail: string, remedy: string): Finding {
  return { id, check, result: 'failed', detail: printableLines(detail), remedy };
}

/** Servers choose their words themselves. */
function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
