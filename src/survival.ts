/** How a session's plan is written down without its secrets, and completed again from the plugin's own settings. */
import type { Server, Target } from './core/target.ts';
import type { SessionPlan } from './core/types.ts';
import type { SessionRecord } from './journal/session-records.ts';
import type { Settings } from './options/resolve.ts';
import { resolveOptions } from './options/resolve.ts';
import { toTarget, type Plan } from './plan.ts';

export function toRecord(file: string, { resolved, target, ...plan }: Plan): SessionRecord {
  const isOwn = (option: string): boolean => resolved.origins.get(option)?.origin === 'log-opt';
  const omitted = ['nats-user', 'nats-pass', 'nats-token'].filter(isOwn);
  if (isOwn('nats-servers') && target.servers.some(hasCredentials)) omitted.push('nats-servers');
  const inherits = omitted.length === 0 && (hasCredentials(target) || target.servers.some(hasCredentials));
  return { file, plan: { ...plan, target: withoutCredentials(target) }, omitted, inherits, isSeamless: false, gaps: [] };
}

/** Credentials that came with the container are not known any more; those of the plugin are what they are now. */
export function fromRecord({ plan, inherits }: SessionRecord, settings: Settings): SessionPlan {
  if (!inherits) return plan;
  const { servers, user, pass, token } = toTarget(resolveOptions(settings, {}));
  const known = new Map(servers.map((server) => [`${server.host}:${server.port}`, server]));
  return {
    ...plan,
    target: {
      ...plan.target,
      servers: plan.target.servers.map((server) => ({ ...known.get(`${server.host}:${server.port}`), ...server })),
      ...(user === undefined ? {} : { user }),
      ...(pass === undefined ? {} : { pass }),
      ...(token === undefined ? {} : { token }),
    },
  };
}

function hasCredentials({ user, pass, token }: Server | Target): boolean {
  return user !== undefined || pass !== undefined || token !== undefined;
}

function withoutCredentials({ user: _user, pass: _pass, token: _token, ...target }: Target): Target {
  return { ...target, servers: target.servers.map(({ host, port, tls }) => ({ host, port, tls })) };
}
