/** Where a container's messages go and as whom: what two containers must have in common to share a connection. */

export interface Server {
  /** Host name or address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS is mandatory: the connection fails rather than fall back to plain text. */
  readonly tls: boolean;
  /** From the URL's user info; they win over the target's login for this server. */
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/** A secret as it was given, or the absolute path of the file that holds it: read again at every attempt to connect. */
export type Secret = { readonly text: string } | { readonly file: string };

/** How to log in: in one way, or not at all. */
export interface Login {
  readonly user?: string;
  readonly pass?: Secret;
  readonly token?: Secret;
  /** JWT and seed of a user. */
  readonly creds?: Secret;
  /** Seed of a user. */
  readonly nkey?: Secret;
  readonly jwt?: Secret;
  /** A context of the nats command line, which says more. */
  readonly context?: Secret;
}

/** What a server is told, or what answers its challenge. */
export interface Credentials {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly jwt?: string;
  /** Of an nkey. */
  readonly seed?: string;
}

/** Reads the files of a login. Throws an error whose words name option and path, never the content. */
export type ReadLogin = (login: Login) => Credentials;

/** What the files of `Tls` hold, PEM. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Reads the files of `Tls`. Throws an error whose words name option and path, never the content. */
export type ReadTls = (tls: Tls) => TlsMaterial;

/** How servers are verified. Files are absolute paths, read again at every attempt to connect: renewed certificates are taken up. */
export interface Tls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Of these files, those that a container named: they are read from the folders of `nats-secret-dirs` only. */
  readonly confined?: readonly string[];
  /** That the certificates must carry, in the place of the address. */
  readonly serverName?: string;
  /** TLS comes before the server's greeting. */
  readonly handshakeFirst: boolean;
  readonly skipVerify: boolean;
}

export interface Target {
  readonly servers: readonly Server[];
  readonly login: Login;
  readonly tls?: Tls;
  /** In the server's own reports; undefined: that of the driver. */
  readonly name?: string;
  /** How often in a row each server is tried before giving up; -1: for ever. */
  readonly maxReconnect: number;
  /** For one attempt. */
  readonly connectTimeoutMs: number;
  /** The longest between attempts. */
  readonly reconnectWaitMs: number;
  /** Of an idle server; one that is silent for twice as long is left. */
  readonly pingIntervalMs: number;
  /** Where answers come. */
  readonly inboxPrefix: string;
  /** JetStream domain that is asked; undefined: that of the server. */
  readonly domain?: string;
}

/** First part of the subjects of JetStream's API. Source: the JetStream API reference, domains. */
export function jetStreamApi({ domain }: Pick<Target, 'domain'>): string {
  return domain === undefined ? '$JS.API' : `$JS.${domain}.API`;
}

/** For people: scheme, host and port, never credentials. */
export function serverName({ host, port, tls }: Server): string {
  return `${tls ? 'tls' : 'nats'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
