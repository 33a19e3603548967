/**
 * Contexts of the nats command line: JSON files with all that a connection needs. What is no secret becomes options of
 * the layer that names the context; the login is read again at every attempt to connect.
 * Source: github.com/nats-io/jsm.go natscontext, ADR-21.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { serverName, type Credentials } from '../core/target.ts';
import { readLayer, type Layer, type RawEntry } from './layers.ts';
import { quotePath, type Problem } from './option-error.ts';
import { readSecretFile, SecretFault } from './secret-file.ts';
import { parseServers, serverFault } from './servers.ts';

const OPTION = 'nats-context';

/** Where a context lies below a folder of secrets: the command line's own folder, and a copy of the one above it. */
const PLACES = ['context', 'nats/context'] as const;

/** Not set: undefined. Paths are absolute, or wrong. */
export interface Context {
  /** User information in one of its addresses. */
  readonly ofAddress: Credentials | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  /** A path. */
  readonly creds: string | undefined;
  /** A path. */
  readonly nkey: string | undefined;
  readonly userJwt: string | undefined;
  readonly userSeed: string | undefined;
  /** What is no secret, by the option that it stands for. */
  readonly options: ReadonlyMap<string, string>;
  /** What the command line would ask another program for. */
  readonly nsc: string | undefined;
  /** Keys that lead the command line another way to NATS than the driver can go. */
  readonly unfollowed: readonly string[];
}

/** A proxy, certificates of the Windows store, and the API of JetStream under another account's name. */
const UNFOLLOWED = ['socks_proxy', 'windows_cert_store', 'windows_cert_match', 'jetstream_api_prefix'] as const;
/** Of the API of a domain: as good as the domain itself. */
const DOMAIN_API = /^\$JS\.([\w-]+)\.API$/;

/** undefined: the text is none. */
export function parseContext(text: string): Context | undefined {
  const data = parseObject(text);
  if (data === undefined) return undefined;
  const get = (key: string): string | undefined => {
    const value = data[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const path = (key: string): string | undefined => get(key)?.replace(/^~(?=\/)/, homedir());
  const addresses = get('url')?.split(',').map((address) => address.trim());
  const options: [string, string | undefined][] = [
    ['nats-servers', addresses?.map(withoutUserInfo).join(',')],
    ['nats-tls-ca-cert', path('ca')],
    ['nats-tls-cert', path('cert')],
    ['nats-tls-key', path('key')],
    ['nats-tls-handshake-first', data['tls_first'] === true ? 'true' : undefined],
    ['nats-inbox-prefix', get('inbox_prefix')],
    ['nats-jetstream-domain', get('jetstream_domain') ?? domainOf(get('jetstream_api_prefix'))],
  ];
  return {
    ofAddress: parseServers(addresses?.filter(isAddress) ?? [], false).find(({ user, token }) => user !== undefined || token !== undefined),
    user: get('user'), password: get('password'), token: get('token'), creds: path('creds'), nkey: path('nkey'),
    userJwt: get('user_jwt'), userSeed: get('user_seed') ?? get('user_nkey_seed'), nsc: get('nsc'),
    unfollowed: UNFOLLOWED.filter((key) => get(key) !== undefined && !(key === 'jetstream_api_prefix' && isFollowed(get(key)))),
    options: new Map(options.filter((entry): entry is [string, string] => entry[1] !== undefined)),
  };
}

function domainOf(prefix: string | undefined): string | undefined {
  return DOMAIN_API.exec(prefix ?? '')?.[1];
}

function isFollowed(prefix: string | undefined): boolean {
  return prefix === '$JS.API' || domainOf(prefix) !== undefined;
}

function isAddress(text: string): boolean {
  return serverFault(text) === undefined;
}

/** One that is wrong is left for others to judge. */
function withoutUserInfo(address: string): string {
  const [server] = isAddress(address) ? parseServers([address], false) : [];
  return server === undefined ? address : serverName(server);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null && !Array.isArray(data) ? data as Readonly<Record<string, unknown>> : undefined;
  } catch (error) {
    // The parser's words quote the text.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A layer with what its context says; what it says itself wins. */
export interface Expansion {
  readonly layer: Layer;
  /** What the context says, and nothing else. */
  readonly context: Layer;
  readonly problems: readonly Problem[];
}

/** Puts the options of the context in, where the layer names one, and its absolute path in the place of its name. */
export function expandContext(layer: Layer, dirs: readonly string[]): Expansion {
  const named = layer.values.get(OPTION);
  if (named === undefined) return { layer, context: { kind: layer.kind, values: new Map() }, problems: [] };
  const path = findContext(String(named.value), dirs);
  const { entries, problems: faults } = readEntries(path, named.origin, dirs);
  const { layer: context, problems } = readLayer(layer.kind, entries);
  const values = new Map([...context.values, ...layer.values, [OPTION, { value: path, origin: named.origin }]]);
  return { layer: { kind: layer.kind, values }, context, problems: [...faults, ...problems] };
}

/** Where there is none, the first place where it might be. */
function findContext(name: string, dirs: readonly string[]): string {
  if (name.startsWith('/')) return name;
  const places = dirs.flatMap((dir) => PLACES.map((place) => join(dir, place, `${name}.json`)));
  return places.find((place) => existsSync(place)) ?? places[0] ?? name;
}

function readEntries(path: string, origin: string, dirs: readonly string[]): { entries: readonly RawEntry[]; problems: readonly Problem[] } {
  const refuse = (wanted: string): { entries: readonly RawEntry[]; problems: readonly Problem[] } => ({ entries: [], problems: [{ option: OPTION, wanted, origin }] });
  try {
    const context = parseContext(readSecretFile(path, dirs).text);
    if (context === undefined) return refuse(`expected a context of the nats command line, found something else in ${quotePath(path)}`);
    if (context.nsc !== undefined) return refuse(`the context ${quotePath(path)} names nsc, which is not asked here: write the path of its credentials under creds`);
    if (context.unfollowed.length > 0) return refuse(`the context ${quotePath(path)} has ${context.unfollowed.join(', ')}, which the driver does not follow: it would connect another way than is meant`);
    return { entries: [...context.options].map(([name, value]) => ({ name, value, origin: `context ${path}, ${origin}` })), problems: [] };
  } catch (error) {
    if (!(error instanceof SecretFault)) throw error;
    return refuse(error.message);
  }
}
