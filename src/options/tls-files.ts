/**
 * The TLS files of a connection. Those of a container are looked at when it starts, so that a wrong path or a key that does
 * not fit is an error of `docker run` and not of the first connection; all are read again at every attempt to connect.
 * The operator's may lie anywhere, what a container names lies in the folders of `nats-secret-dirs`: this process may read
 * every file of the host. Contents are never shown.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ReadTls } from '../core/target.ts';
import { quote, type Problem } from './option-error.ts';
import { FileFault, readSmallFile } from '../core/read-file.ts';
import { MOUNT_HINT, readConfinedFile, SecretFault } from './secret-file.ts';

/** Room for the bundle of all public authorities, which is about 220 KB. */
const MAX_FILE_BYTES = 1024 * 1024;

/** The path that an option is set to. `dirs`: where it must lie; undefined: anywhere. */
export interface NamedFile { readonly option: string; readonly path: string; readonly origin: string; readonly dirs: readonly string[] | undefined }

function problem({ option, origin }: NamedFile, wanted: string): Problem {
  return { option, wanted, origin };
}

/** Throws SecretFault. */
function readTlsFile(path: string, dirs: readonly string[] | undefined): Buffer {
  if (dirs !== undefined) return readConfinedFile(path, dirs, MAX_FILE_BYTES).bytes;
  try {
    return readSmallFile(path, MAX_FILE_BYTES);
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    throw new SecretFault(`expected a readable file, found ${error.message} at ${quote(path)}; ${MOUNT_HINT}`, { cause: error });
  }
}

/** The file as `parse` understands it, or the problem. The parser's own words help nobody. */
function load<T>(file: NamedFile, wanted: string, parse: (pem: Buffer) => T): T | Problem {
  try {
    const pem = readTlsFile(file.path, file.dirs);
    if (!pem.includes('-----BEGIN ')) throw new TypeError('not PEM');
    return parse(pem);
  } catch (error) {
    return problem(file, error instanceof SecretFault ? error.message : `expected ${wanted}, found something else in ${quote(file.path)}`);
  }
}

const loadCertificate = (file: NamedFile): X509Certificate | Problem =>
  load(file, 'a PEM certificate', (pem) => new X509Certificate(pem));

function pairProblems(certFile: NamedFile, keyFile: NamedFile): Problem[] {
  const certificate = loadCertificate(certFile);
  const key = load(keyFile, 'a PEM private key that is not encrypted', createPrivateKey);
  const problems = [certificate, key].filter((result) => 'wanted' in result);
  if ('wanted' in certificate || 'wanted' in key || certificate.checkPrivateKey(key)) return problems;
  return [problem(keyFile, `does not belong to the certificate of ${certFile.option}`)];
}

/** What is wrong with the files that are named; a certificate comes with its key or not at all. */
export function tlsFileProblems(ca: NamedFile | undefined, cert: NamedFile | undefined, key: NamedFile | undefined): readonly Problem[] {
  const authority = ca === undefined ? [] : [loadCertificate(ca)].filter((result) => 'wanted' in result);
  return cert === undefined || key === undefined ? authority : [...authority, ...pairProblems(cert, key)];
}

/** `dirs`: as they are at the time. */
export function tlsReader(dirs: () => readonly string[]): ReadTls {
  return (tls) => {
    const [ca, cert, key] = [read('nats-tls-ca-cert', tls.caFile), read('nats-tls-cert', tls.certFile), read('nats-tls-key', tls.keyFile)];
    return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };

    function read(option: string, path: string | undefined): Buffer | undefined {
      if (path === undefined) return undefined;
      try {
        return readTlsFile(path, tls.confined?.includes(path) === true ? dirs() : undefined);
      } catch (error) {
        if (!(error instanceof SecretFault)) throw error;
        // Without a cause: whoever tells of a failed connection goes down to the last one, which is the system's.
        throw new Error(`${option}: ${error.message}`);
      }
    }
  };
}
