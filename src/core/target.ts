/** Where a container's messages go and as whom: what two containers must have in common to share a connection. */

export interface Server {
  /** Host name or address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS is mandatory: the connection fails rather than fall back to plain text. */
  readonly tls: boolean;
  /** From the URL's user info; they win over the target's for this server. */
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/** Absolute paths; read again at every attempt to connect, so that renewed certificates are taken up. */
export interface TlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly skipVerify: boolean;
}

export interface Target {
  readonly servers: readonly Server[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly tls?: TlsFiles;
  /** How often in a row each server is tried before giving up; -1: for ever. */
  readonly maxReconnect: number;
}

/** For people: scheme, host and port, never credentials. */
export function serverName({ host, port, tls }: Server): string {
  return `${tls ? 'tls' : 'nats'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
