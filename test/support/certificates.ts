/** Certificates of every kind that a TLS connection can meet, made afresh by `openssl` in a temporary folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from '../../plugin/command.ts';

/** Each is a pair of files: `<name>.pem` and `<name>.key`. */
export type CertificateName =
  /** The authority that signed all but `stranger`. */
  | 'ca'
  /** Valid for localhost, 127.0.0.1 and nats.test. */
  | 'server'
  /** For clients; subject CN=client. */
  | 'client'
  /** An authority that signed nothing here. */
  | 'other-ca'
  /** A server's, signed by `other-ca`. */
  | 'stranger'
  /** A server's, out of date since yesterday. */
  | 'expired'
  /** A server's, valid for elsewhere.test only. */
  | 'wrong-name';

const SERVER_NAMES = 'DNS:localhost,DNS:nats.test,IP:127.0.0.1';

export class Certificates {
  /** Holds the files under their plain names: `server.pem`, `server.key`, … */
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Absolute path of a certificate. */
  pem(name: CertificateName): string {
    return join(this.dir, `${name}.pem`);
  }

  /** Absolute path of its private key. */
  key(name: CertificateName): string {
    return join(this.dir, `${name}.key`);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Takes a fraction of a second. Whoever calls removes them. */
export async function makeCertificates(): Promise<Certificates> {
  const dir = mkdtempSync(join(tmpdir(), 'nld-certificates-'));
  await Promise.all([authority(dir, 'ca'), authority(dir, 'other-ca')]);
  await Promise.all([
    issue(dir, { name: 'server', by: 'ca', names: SERVER_NAMES }),
    issue(dir, { name: 'client', by: 'ca', names: 'DNS:client' }),
    issue(dir, { name: 'stranger', by: 'other-ca', names: SERVER_NAMES }),
    issue(dir, { name: 'expired', by: 'ca', names: SERVER_NAMES, days: -1 }),
    issue(dir, { name: 'wrong-name', by: 'ca', names: 'DNS:elsewhere.test' }),
  ]);
  return new Certificates(dir);
}

/** A fragment for `NatsOptions.config`; start the server with `directory: certificates.dir`. */
export function tlsConfig(server: CertificateName, verifyClients: 'verify clients' | 'any client' = 'any client'): string {
  const verify = verifyClients === 'verify clients' ? 'ca_file: "ca.pem"\n  verify: true\n' : '';
  return `tls {\n  cert_file: "${server}.pem"\n  key_file: "${server}.key"\n  ${verify}}\n`;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

async function authority(dir: string, name: CertificateName): Promise<void> {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
  await output('openssl', ['req', '-x509', ...NEW_KEY, '-days', '2', ...subject, ...files], { cwd: dir });
}

interface Order {
  readonly name: CertificateName;
  readonly by: CertificateName;
  readonly names: string;
  readonly days?: number;
}

async function issue(dir: string, { name, by, names, days = 2 }: Order): Promise<void> {
  const request = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`];
  await output('openssl', ['req', '-new', ...NEW_KEY, ...request, '-keyout', `${name}.key`, '-out', `${name}.csr`], { cwd: dir });
  const signer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-copy_extensions', 'copy'];
  await output('openssl', ['x509', '-req', '-in', `${name}.csr`, ...signer, '-days', String(days), '-out', `${name}.pem`], { cwd: dir });
}
