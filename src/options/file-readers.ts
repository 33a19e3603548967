/** What reads the files of a login and of TLS, at every attempt to connect. */
import type { ReadLogin, ReadTls } from '../core/target.ts';
import { loginReader } from './login.ts';
import { tlsReader } from './tls-files.ts';

export interface FileReaders {
  readonly readLogin: ReadLogin;
  readonly readTls: ReadTls;
}

/** `dirs`: the folders of `nats-secret-dirs`, as they are at the time; `warn`: about files that others may read. */
export function fileReaders(dirs: () => readonly string[], warn?: (warning: string) => void): FileReaders {
  return { readLogin: loginReader(dirs, warn), readTls: tlsReader(dirs) };
}
