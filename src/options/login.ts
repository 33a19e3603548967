/** From the options of a login to what a server is told: texts or files, and a context of the nats command line. */
import type { Options } from '../core/options.generated.ts';
import type { Credentials, Login, ReadLogin, Secret } from '../core/target.ts';
import { parseContext, type Context } from './context.ts';
import { quote } from './option-error.ts';
import { readSecretFile, SecretFault } from './secret-file.ts';

type SecretKind = Exclude<keyof Login, 'user'>;

/** The option of each kind: with `-file` behind it where it is a file. */
const OPTIONS: Readonly<Record<SecretKind, string>> = {
  pass: 'nats-pass', token: 'nats-token', creds: 'nats-creds', nkey: 'nats-nkey', jwt: 'nats-jwt', context: 'nats-context',
};

/** `S` for a seed, `U` for a user, in base 32. Source: github.com/nats-io/nkeys. */
const SEED = /(?:^|\s)(SU[A-Z2-7]{56})(?=\s|$)/;
/** Three parts in base64url, the first of them an object. */
const JWT = /(?:^|\s)(eyJ[\w-]+\.[\w-]+\.[\w-]+)(?=\s|$)/;

export interface LoginReading {
  readonly credentials: Credentials;
  /** About files that others may read. */
  readonly warnings: readonly string[];
}

/** Something is wrong with a secret or its file. The words never hold a part of the secret. */
export class LoginFault extends Error {
  readonly option: string;
  /** In words that follow the option's name. */
  readonly wanted: string;

  constructor(option: string, wanted: string) {
    super(`${option}: ${wanted}`);
    this.name = 'LoginFault';
    this.option = option;
    this.wanted = wanted;
  }
}

export function toLogin(options: Options): Login {
  const { 'nats-user': user, 'nats-context': context } = options;
  const secret = (text: string | undefined, file: string | undefined): Secret | undefined =>
    text !== undefined ? { text } : file === undefined ? undefined : { file };
  const secrets: Partial<Record<SecretKind, Secret | undefined>> = {
    pass: secret(options['nats-pass'], options['nats-pass-file']),
    token: secret(options['nats-token'], options['nats-token-file']),
    creds: secret(options['nats-creds'], options['nats-creds-file']),
    nkey: secret(options['nats-nkey'], options['nats-nkey-file']),
    jwt: secret(options['nats-jwt'], options['nats-jwt-file']),
    context: secret(undefined, context),
  };
  return Object.freeze({
    ...(user === undefined ? {} : { user }),
    ...Object.fromEntries(Object.entries(secrets).filter(([, value]) => value !== undefined)),
  });
}

/** Reads all files of the login. Throws LoginFault. */
export function readLogin(login: Login, dirs: readonly string[]): LoginReading {
  const reader = new LoginReader(dirs);
  return { credentials: reader.read(login), warnings: reader.warnings };
}

/** `dirs`: as they are at the time. */
export function loginReader(dirs: () => readonly string[], warn: (warning: string) => void = () => undefined): ReadLogin {
  return (login) => {
    const { credentials, warnings } = readLogin(login, dirs());
    warnings.forEach(warn);
    return credentials;
  };
}

class LoginReader {
  readonly warnings: string[] = [];
  readonly #dirs: readonly string[];

  constructor(dirs: readonly string[]) {
    this.#dirs = dirs;
  }

  read({ user, pass, token, creds, nkey, jwt, context }: Login): Credentials {
    if (context !== undefined) return this.#fromContext(context);
    return {
      ...(user === undefined ? {} : { user }),
      ...(pass === undefined ? {} : { pass: this.#line('pass', pass) }),
      ...(token === undefined ? {} : { token: this.#line('token', token) }),
      ...(creds === undefined ? {} : this.#creds('creds', creds)),
      ...(nkey === undefined ? {} : { seed: this.#seed('nkey', nkey) }),
      ...(jwt === undefined ? {} : { jwt: this.#jwt('jwt', jwt) }),
    };
  }

  /** The way to log in that the nats command line would choose. */
  #fromContext(secret: Secret): Credentials {
    const { ofAddress, user, password, token, creds, nkey, userJwt, userSeed } = this.#context(secret);
    if (ofAddress !== undefined) return ofAddress;
    if (user !== undefined) return { user, ...(password === undefined ? {} : { pass: password }) };
    if (creds !== undefined) return this.#creds('context', { file: creds });
    if (userJwt !== undefined) {
      return { jwt: this.#jwt('context', { text: userJwt }), ...(userSeed === undefined ? {} : { seed: this.#seed('context', { text: userSeed }) }) };
    }
    if (nkey !== undefined) return { seed: this.#seed('context', { file: nkey }) };
    return token === undefined ? {} : { token };
  }

  #context(secret: Secret): Context {
    const context = parseContext(this.#text('context', secret));
    if (context !== undefined) return context;
    throw this.#fault('context', secret, 'expected a context of the nats command line, a JSON object of texts');
  }

  /** A text editor's newline at the end of a file does not count. */
  #line(kind: SecretKind, secret: Secret): string {
    const text = this.#text(kind, secret);
    const line = 'file' in secret ? text.replace(/\r?\n$/, '') : text;
    if (line !== '') return line;
    throw this.#fault(kind, secret, 'expected a text, found an empty line');
  }

  #creds(kind: SecretKind, secret: Secret): Credentials {
    const text = this.#text(kind, secret);
    const [jwt, seed] = [JWT.exec(text)?.[1], SEED.exec(text)?.[1]];
    if (jwt !== undefined && seed !== undefined) return { jwt, seed };
    throw this.#fault(kind, secret, 'expected credentials, which hold the JWT (eyJ…) and the seed (SU…) of a user');
  }

  #seed(kind: SecretKind, secret: Secret): string {
    const seed = SEED.exec(this.#text(kind, secret))?.[1];
    if (seed !== undefined) return seed;
    throw this.#fault(kind, secret, 'expected the seed of a user\'s nkey (SU… and 56 more characters)');
  }

  #jwt(kind: SecretKind, secret: Secret): string {
    const jwt = JWT.exec(this.#text(kind, secret))?.[1];
    if (jwt !== undefined) return jwt;
    throw this.#fault(kind, secret, 'expected the JWT of a user (eyJ…)');
  }

  #text(kind: SecretKind, secret: Secret): string {
    if ('text' in secret) return secret.text;
    try {
      const { text, wideMode } = readSecretFile(secret.file, this.#dirs);
      if (wideMode !== undefined) {
        this.warnings.push(`${optionOf(kind, secret)}: others may read or change ${quote(secret.file)}, its mode is ${wideMode}, 0600 or 0640 would do`);
      }
      return text;
    } catch (error) {
      if (!(error instanceof SecretFault)) throw error;
      throw new LoginFault(optionOf(kind, secret), error.message);
    }
  }

  #fault(kind: SecretKind, secret: Secret, wanted: string): LoginFault {
    const found = 'file' in secret ? `; found something else in ${quote(secret.file)}` : isPath(secret.text) ? `; for a file there is ${OPTIONS[kind]}-file` : '';
    return new LoginFault(optionOf(kind, secret), wanted + found);
  }
}

/** Other programs take the path in a variable of this name. */
function isPath(text: string): boolean {
  return /^[~.]?\/[^\n]*$/.test(text);
}

function optionOf(kind: SecretKind, secret: Secret): string {
  return kind !== 'context' && 'file' in secret ? `${OPTIONS[kind]}-file` : OPTIONS[kind];
}
