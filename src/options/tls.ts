/** What the TLS options of a container amount to. */
import type { Options } from '../core/options.generated.ts';
import type { Tls } from '../core/target.ts';
import type { MergedValues } from './rules.ts';
import { optionSchemas } from './schema.ts';
import { DEFAULT_ORIGIN } from './sources.ts';

const FILES = ['nats-tls-ca-cert', 'nats-tls-cert', 'nats-tls-key'] as const;

export function isTlsOption(name: string): boolean {
  return optionSchemas.get(name)?.['x-group'] === 'tls';
}

/** Whoever sets a TLS option, even to its default, never gets a connection without TLS. */
export function isTlsAskedFor(values: MergedValues): boolean {
  return [...values].some(([name, { origin }]) => isTlsOption(name) && origin !== DEFAULT_ORIGIN);
}

/** `container`: what its log-opts, and their context, have a say in. */
export function toTls(options: Options, container: MergedValues): Tls {
  const { 'nats-tls-ca-cert': caFile, 'nats-tls-cert': certFile, 'nats-tls-key': keyFile, 'nats-tls-server-name': serverName } = options;
  const confined = FILES.flatMap((name) => container.get(name)?.value === options[name] ? options[name] ?? [] : []);
  return Object.freeze({
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(confined.length === 0 ? {} : { confined }),
    handshakeFirst: options['nats-tls-handshake-first'],
    skipVerify: options['nats-tls-skip-verify'],
  });
}

export function skipVerifyWarnings(values: MergedValues): readonly string[] {
  const skip = values.get('nats-tls-skip-verify');
  return skip?.value === true ? [`nats-tls-skip-verify: any server certificate is accepted (${skip.origin})`] : [];
}
