/**
 * The TLS files of a container, looked at when it starts, so that a wrong path or a key that does not fit is an error
 * of `docker run` and not of the first connection. Contents are never shown.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { quotePath, type Problem } from './option-error.ts';
import { FileFault, readSmallFile } from '../core/read-file.ts';
import { MOUNT_HINT } from './secret-file.ts';

/** Room for the bundle of all public authorities, which is about 220 KB. */
const MAX_FILE_BYTES = 1024 * 1024;

/** The path that an option is set to. */
export interface NamedFile { readonly option: string; readonly path: string; readonly origin: string }

function problem({ option, origin }: NamedFile, wanted: string): Problem {
  return { option, wanted, origin };
}

/** The file as `parse` understands it, or the problem. The parser's own words help nobody. */
function load<T>(file: NamedFile, wanted: string, parse: (pem: Buffer) => T): T | Problem {
  try {
    const pem = readSmallFile(file.path, MAX_FILE_BYTES);
    if (!pem.includes('-----BEGIN ')) throw new TypeError('not PEM');
    return parse(pem);
  } catch (error) {
    return error instanceof FileFault
      ? problem(file, `expected a readable file, found ${error.message} at ${quotePath(file.path)}; ${MOUNT_HINT}`)
      : problem(file, `expected ${wanted}, found something else in ${quotePath(file.path)}`);
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
