/** Certificates of every kind that a TLS connection can meet, made afresh by `openssl` in a temporary folder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  /** A server's, made for the year 2100. */
  | 'not-yet-valid'
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
    issueForLater(dir, { name: 'not-yet-valid', by: 'ca', names: SERVER_NAMES }),
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

async function request(dir: string, { name, names }: Order): Promise<void> {
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`];
  await output('openssl', ['req', '-new', ...NEW_KEY, ...subject, '-keyout', `${name}.key`, '-out', `${name}.csr`], { cwd: dir });
}

async function issue(dir: string, order: Order): Promise<void> {
  const { name, by, days = 2 } = order;
  await request(dir, order);
  const signer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-copy_extensions', 'copy'];
  await output('openssl', ['x509', '-req', '-in', `${name}.csr`, ...signer, '-days', String(days), '-out', `${name}.pem`], { cwd: dir });
}

/** `openssl x509` cannot set when a certificate begins before its version 3.4. */
async function issueForLater(dir: string, order: Order): Promise<void> {
  const { name, by } = order;
  await request(dir, order);
  writeFileSync(join(dir, 'later.cnf'), '[ca]\ndefault_ca=c\n[c]\ndatabase=later.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=p\ncopy_extensions=copy\n[p]\ncommonName=supplied\n');
  writeFileSync(join(dir, 'later.txt'), '');
  const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-cert', `${by}.pem`, '-keyfile', `${by}.key`];
  await output('openssl', ['ca', '-batch', '-notext', '-config', 'later.cnf', ...files, '-startdate', '21000101000000Z', '-enddate', '21000201000000Z'], { cwd: dir });
}
