/**
 * The operator's credentials go to the operator's servers, verified as the operator says: a container that names others,
 * changes a TLS option, or brings credentials of its own, gets none of them. Otherwise whoever may start a container
 * could have them sent to a server of his. The same holds for files of this host that a container names as secrets.
 */
import { serverName } from '../core/target.ts';
import type { Layer } from './layers.ts';
import type { Problem } from './option-error.ts';
import type { MergedValues } from './rules.ts';
import { optionSchemas } from './schema.ts';
import { parseServers } from './servers.ts';
import { DEFAULT_ORIGIN } from './sources.ts';
import { isTlsAskedFor, isTlsOption } from './tls.ts';

const SERVERS = 'nats-servers';
/** They prove who connects, and are of no use to a server that is not meant: they go with the credentials all the same. */
const CLIENT_CERTIFICATE: ReadonlySet<string> = new Set(['nats-tls-cert', 'nats-tls-key']);

export interface Parts {
  /** What holds: the operator's layers and the container's, merged. */
  readonly values: MergedValues;
  /** The operator's alone. */
  readonly operator: MergedValues;
  /** The log-opts as far as they hold, with what their context says. */
  readonly container: Layer;
  /** What the context of the log-opts says. */
  readonly context: Layer;
  /** The container brought credentials that are not known any more. */
  readonly isStripped: boolean;
}

export interface Separated {
  readonly values: MergedValues;
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
}

export function isCredential(name: string): boolean {
  return optionSchemas.get(name)?.['x-login'] !== undefined;
}

/** What says where credentials go, and whether it is the right place. */
export function pointsSomewhere(name: string): boolean {
  return name === SERVERS || isTlsOption(name);
}

export function separateCredentials({ values, operator, container, context, isStripped }: Parts): Separated {
  const bringsOwn = isStripped || [...container.values.keys()].some(isCredential);
  const cause = pointsElsewhere(values, container.values, operator);
  const isWithheld = (name: string): boolean => !container.values.has(name) &&
    (isCredential(name) ? bringsOwn || cause !== undefined : cause !== undefined && CLIENT_CERTIFICATE.has(name));
  const isTold = (name: string): boolean => isWithheld(name) && !(bringsOwn && isCredential(name));
  return {
    values: new Map([...values].filter(([name]) => !isWithheld(name))),
    warnings: [...values].filter(([name]) => isTold(name)).map(([name, { origin }]) =>
      `${name}: not used for this container, whose log-opt ${effectOf(cause)} (${origin})`),
    problems: misdirectedFiles(values, operator, container, context),
  };
}

/** A context may say where its own login goes. Where the operator says nothing at all, the log-opts are the configuration. */
function misdirectedFiles(values: MergedValues, operator: MergedValues, container: Layer, context: Layer): readonly Problem[] {
  const isSilent = ![...operator].some(([name, { origin }]) => origin !== DEFAULT_ORIGIN && (isCredential(name) || pointsSomewhere(name)));
  const files = [...container.values].filter(([name]) => isCredential(name) && optionSchemas.get(name)?.format !== undefined);
  if (files.length === 0 || (isSilent && context.values.size === 0)) return [];
  const explicit = new Map([...container.values].filter(([name, value]) => context.values.get(name) !== value));
  const cause = pointsElsewhere(values, explicit, new Map([...operator, ...context.values]));
  if (cause === undefined) return [];
  return files.map(([option, { origin }]) => ({ option, wanted: `a file is read for the operator's servers only, and the log-opt ${effectOf(cause)}`, origin }));
}

function effectOf(cause: string | undefined): string {
  return cause === SERVERS ? `${SERVERS} names other servers` : `${String(cause)} changes how servers are verified`;
}

/** The first option of `given` that leads elsewhere than `known` does. */
function pointsElsewhere(values: MergedValues, given: MergedValues, known: MergedValues): string | undefined {
  const changed = [...given].find(([name, { value }]) => isTlsOption(name) && value !== known.get(name)?.value);
  if (changed !== undefined) return changed[0];
  if (!given.has(SERVERS)) return undefined;
  const secure = new Map(serversOf(known, known).map(({ host, port, tls }) => [`${host}:${port}`, tls]));
  const areKnown = serversOf(given, values).every(({ host, port, tls }) => {
    const isSecure = secure.get(`${host}:${port}`);
    return isSecure !== undefined && (tls || !isSecure);
  });
  return areKnown ? undefined : SERVERS;
}

/** With TLS where `all` options together ask for it. */
function serversOf(values: MergedValues, all: MergedValues): ReturnType<typeof parseServers> {
  return parseServers((values.get(SERVERS)?.value ?? []) as readonly string[], isTlsAskedFor(all));
}

/** Log-opts as they may be kept on disk, and the names of those that are not, or without the credentials in them. */
export function withoutSecrets(logOpts: Readonly<Record<string, string>>): { kept: Readonly<Record<string, string>>; omitted: readonly string[] } {
  const isSecret = Object.keys(logOpts).some((name) => optionSchemas.get(name)?.writeOnly === true);
  // A user without its password is of no use.
  const left = new Set(isSecret ? Object.keys(logOpts).filter(isCredential) : []);
  const kept = Object.entries(logOpts).filter(([name]) => !left.has(name)).map(([name, text]) => [name, name === SERVERS ? withoutUserInfo(text) : text] as const);
  const cut = kept.filter(([name, text]) => text !== logOpts[name]).map(([name]) => name);
  return { kept: Object.fromEntries(kept), omitted: [...left, ...cut] };
}

/** `text`: a list of legal addresses. */
function withoutUserInfo(text: string): string {
  const servers = parseServers(text.split(',').map((item) => item.trim()).filter((item) => item !== ''), false);
  return servers.some(({ user, pass, token }) => (user ?? pass ?? token) !== undefined) ? servers.map(serverName).join(',') : text;
}
