/**
 * Server addresses, read by us because the client ignores schemes and user information: `nats://`, `tls://`, bare
 * `host:port`, `host`, `[IPv6]:port`, with `user:password@` or `token@` before the host, percent-encoded.
 */
import { isIP, isIPv6 } from 'node:net';
import type { Server } from '../core/target.ts';

/** IANA's port for NATS. */
const DEFAULT_PORT = 4222;
const SCHEMES: ReadonlyMap<string, boolean> = new Map([['nats', false], ['tls', true]]);
const HOST_NAME = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?$/i;

/** What was wanted instead; never holds a part of the address, which may be a secret. */
class AddressFault extends Error {}

interface Parts { readonly scheme: string; readonly userInfo: string | undefined; readonly address: string }

/** An `@` may stand in a password that nobody encoded: the last one separates. */
function split(text: string): Parts {
  const [, scheme = 'nats', rest = ''] = /^(?:([^:/@[\]]*):\/\/)?(.*)$/s.exec(text) ?? [];
  const at = rest.lastIndexOf('@');
  return {
    scheme: scheme.toLowerCase(),
    userInfo: at < 0 ? undefined : rest.slice(0, at),
    address: rest.slice(at + 1).replace(/\/$/, ''),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AddressFault('valid percent-encoding before the @ (a literal % is written %25)');
  }
}

type Credentials = Pick<Server, 'user' | 'pass' | 'token'>;

function parseUserInfo(userInfo: string | undefined): Credentials {
  if (userInfo === undefined) return {};
  const colon = userInfo.indexOf(':');
  if (userInfo === '' || colon === 0) throw new AddressFault('user:password or a token before the @');
  if (colon < 0) return { token: decode(userInfo) };
  return { user: decode(userInfo.slice(0, colon)), pass: decode(userInfo.slice(colon + 1)) };
}

function parseHost(text: string): string {
  const bracketed = /^\[(.*)\]$/.exec(text)?.[1];
  if (bracketed !== undefined && isIPv6(bracketed)) return bracketed.toLowerCase();
  if (isIPv6(text)) throw new AddressFault('an IPv6 address in brackets, such as [::1]:4222');
  if (bracketed !== undefined || !HOST_NAME.test(text)) throw new AddressFault('host:port with a valid host name');
  return text.toLowerCase();
}

function parsePort(text: string | undefined): number {
  const port = text === undefined ? DEFAULT_PORT : /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new AddressFault('a port from 1 to 65535');
  return port;
}

function parseAddress(text: string): Pick<Server, 'host' | 'port'> {
  if (isIPv6(text)) return { host: parseHost(text), port: DEFAULT_PORT };
  if (/[/?#]/.test(text)) throw new AddressFault('nothing after host:port (a / in a password is written %2F)');
  const [, host = '', port] = /^(\[.*\]|[^:]*)(?::(.*))?$/s.exec(text) ?? [];
  return { host: parseHost(host), port: parsePort(port) };
}

/** Throws AddressFault. */
function parseServer(text: string): Server {
  const { scheme, userInfo, address } = split(text);
  const tls = SCHEMES.get(scheme);
  if (tls === undefined) throw new AddressFault('nats://, tls:// or a bare host:port');
  return { ...parseAddress(address), tls, ...parseUserInfo(userInfo) };
}

/** What was wanted instead of this address; undefined when the address is fine. */
export function serverFault(text: string): string | undefined {
  try {
    parseServer(text);
    return undefined;
  } catch (error) {
    if (error instanceof AddressFault) return error.message;
    throw error;
  }
}

/** What was wanted instead of this name or address of a host; undefined when it is fine. */
export function hostFault(text: string): string | undefined {
  return isIP(text) !== 0 || HOST_NAME.test(text) ? undefined : 'a host name or an address';
}

/** Servers of validated addresses, each once. One that asks for TLS, or `forceTls`, makes TLS mandatory for all. */
export function parseServers(addresses: readonly string[], forceTls: boolean): readonly Server[] {
  const servers = addresses.map(parseServer);
  const tls = forceTls || servers.some((server) => server.tls);
  const distinct = new Map(servers.map((server) => [JSON.stringify({ ...server, tls }), Object.freeze({ ...server, tls })]));
  return Object.freeze([...distinct.values()]);
}

/**
 * The address with its password or token replaced by ***. Also serves addresses that are not valid: whatever stands
 * where a port should be may be a password whose host was forgotten.
 */
export function maskServer(text: string): string {
  const { userInfo, address } = split(text);
  const prefix = /^[^:/@[\]]*:\/\//.exec(text)?.[0] ?? '';
  if (userInfo === undefined) return prefix + maskPort(address);
  const user = /^[^:@/?#]*:/.exec(userInfo)?.[0] ?? '';
  return `${prefix}${user}***@${maskPort(address)}`;
}

/** Keeps the host and a possible port, nothing else. */
function maskPort(address: string): string {
  if (/^\[[0-9a-f:.]*\](:\d{1,5})?$/i.test(address) || isIPv6(address)) return address;
  return address.replace(/(:(?!\d{1,5}$)|[/?#]).*$/s, '$1***');
}
