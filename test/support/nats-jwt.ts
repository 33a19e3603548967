/** An operator with one account and its users, as `nsc` would make them. Source: github.com/nats-io/jwt v2. */
import { createHash } from 'node:crypto';
import { createAccount, createOperator, createUser, type KeyPair } from 'nkeys.js';

export interface User {
  readonly jwt: string;
  readonly seed: string;
  /** The content of a credentials file. */
  readonly creds: string;
}

export interface UserClaims {
  /** In seconds since 1970. */
  readonly exp?: number;
  /** The JWT alone is enough to log in. */
  readonly isBearer?: boolean;
}

const UNLIMITED = { subs: -1, data: -1, payload: -1 };

export class JwtRealm {
  readonly #operator = createOperator();
  readonly #account = createAccount();

  /** A fragment for `NatsOptions.config`. */
  get config(): string {
    const operator = encode({ name: 'operator', sub: this.#operator.getPublicKey(), nats: { type: 'operator', version: 2 } }, this.#operator);
    const limits = { ...UNLIMITED, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
    const account = encode({ name: 'account', sub: this.#account.getPublicKey(), nats: { limits, type: 'account', version: 2 } }, this.#operator);
    return `operator: ${operator}\nresolver: MEMORY\nresolver_preload: { ${this.#account.getPublicKey()}: ${account} }\n`;
  }

  user({ exp, isBearer = false }: UserClaims = {}): User {
    const key = createUser();
    const seed = new TextDecoder().decode(key.getSeed());
    const nats = { ...UNLIMITED, pub: {}, sub: {}, type: 'user', version: 2, ...(isBearer ? { bearer_token: true } : {}) };
    const jwt = encode({ name: 'user', sub: key.getPublicKey(), nats, ...(exp === undefined ? {} : { exp }) }, this.#account);
    return {
      jwt, seed,
      creds: `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
    };
  }
}

function encode(claims: object, issuer: KeyPair): string {
  const body = { ...claims, iss: issuer.getPublicKey(), iat: Math.floor(Date.now() / 1000) };
  const jti = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part({ jti, ...body })}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}

function part(data: object): string {
  return Buffer.from(JSON.stringify(data)).toString('base64url');
}
