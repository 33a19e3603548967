/** How a session's plan is written down without its secrets, and completed again from the plugin's own settings. */
import type { Login, Secret, Server } from './core/target.ts';
import type { SessionPlan } from './core/types.ts';
import type { SessionRecord } from './journal/session-records.ts';
import { isCredential } from './options/credentials.ts';
import type { Settings } from './options/resolve.ts';
import { resolveOptions } from './options/resolve.ts';
import { LOG_OPT_ORIGIN } from './options/sources.ts';
import { toTarget, type Plan } from './plan.ts';

export function toRecord(file: string, { resolved, target, ...plan }: Plan): SessionRecord {
  const isOwn = (option: string): boolean => resolved.origins.get(option)?.origin === LOG_OPT_ORIGIN;
  const ownLogin = [...resolved.origins.keys()].filter((option) => isCredential(option) && isOwn(option));
  const bringsOwn = ownLogin.length > 0;
  // Without its password a user is of no use.
  const omitted = hasTexts(target.login) && bringsOwn ? ownLogin : [];
  if (isOwn('nats-servers') && target.servers.some(hasCredentials)) omitted.push('nats-servers');
  const inherits = !bringsOwn && omitted.length === 0 && (Object.keys(target.login).length > 0 || target.servers.some(hasCredentials));
  const login = bringsOwn && omitted.length === 0 ? target.login : {};
  return { file, plan: { ...plan, target: { ...target, servers: target.servers.map(withoutCredentials), login } }, omitted, inherits, isSeamless: false, gaps: [] };
}

/** Credentials that came with the container are not known any more; those of the plugin are what they are now. */
export function fromRecord({ plan, inherits }: SessionRecord, settings: Settings): SessionPlan {
  if (!inherits) return plan;
  const { servers, login } = toTarget(resolveOptions(settings, {}, undefined, { mayLackFiles: true }));
  const known = new Map(servers.map((server) => [`${server.host}:${server.port}`, server]));
  return {
    ...plan,
    target: {
      ...plan.target,
      servers: plan.target.servers.map((server) => ({ ...known.get(`${server.host}:${server.port}`), ...server })),
      login,
    },
  };
}

function hasCredentials({ user, token }: Server): boolean {
  return user !== undefined || token !== undefined;
}

/** What is in a file is still there after a restart. */
function hasTexts({ user: _user, ...secrets }: Login): boolean {
  return Object.values(secrets).some((secret: Secret) => 'text' in secret);
}

function withoutCredentials({ host, port, tls }: Server): Server {
  return { host, port, tls };
}
