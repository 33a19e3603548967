/** What a server's certificate is checked against. */
import { isIP } from 'node:net';
import { getCACertificates } from 'node:tls';

export interface Verification {
  /** What the machine trusts and what comes with the runtime. PEM. */
  readonly ca: string;
  /** The name that the certificate must carry. */
  readonly host: string;
  /** Sent to the server; an address never is (RFC 6066, section 3). */
  readonly servername: string;
}

export function verification(host: string): Verification {
  const ca = [...new Set([...getCACertificates('system'), ...getCACertificates('bundled')])].join('\n');
  return { ca, host, servername: isIP(host) === 0 ? host : '' };
}
