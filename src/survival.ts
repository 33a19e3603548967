/** How a session is written down without its secrets, and completed again from the plugin's own settings. */
import type { Login, Server } from './core/target.ts';
import type { OutputPlan, SessionPlan } from './core/plan.ts';
import { parseEngineInfo } from './docker/container-info.ts';
import { RecordError, type SessionRecord } from './journal/session-records.ts';
import { isCredential, withoutSecrets } from './options/credentials.ts';
import type { Settings } from './options/resolve.ts';
import { resolveOptions } from './options/resolve.ts';
import { LOG_OPT_ORIGIN } from './options/sources.ts';
import { toTarget, type Container, type Plan, type PlannedOutput } from './plan.ts';

/** What of a record the configuration decides. */
export function toRecord(file: string, container: Container, plan: Plan): Pick<SessionRecord, 'file' | 'container' | 'plan' | 'inherits'> {
  const outputs = [plan, ...plan.further];
  const { kept, omitted } = withoutSecrets(container.info.Config);
  return {
    file,
    container: {
      info: { ...reduce(container, outputs), Config: kept },
      omitted: [...new Set([...container.omitted, ...omitted])],
      rendered: plan.rendered,
    },
    plan: { ...toKeep(plan, omitted), further: plan.further.map((output) => toKeep(output, omitted)), overflow: plan.overflow },
    inherits: outputs.filter(inheritsCredentials).map(({ name }) => name),
  };
}

/** Throws RecordError. */
export function fromRecord({ container: { info, omitted, rendered } }: Pick<SessionRecord, 'container'>): Container {
  try {
    return { info: parseEngineInfo(info), omitted, rendered, mayLackFiles: true };
  } catch (error) {
    throw new RecordError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The plan with the credentials of the plugin, as they are now, for the main output. Throws OptionError. */
export function withCredentials(plan: SessionPlan, settings: Settings): SessionPlan {
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

/** Variables that no message shows, and the command, are nobody's business. */
function reduce({ info }: Container, outputs: readonly PlannedOutput[]): Record<string, unknown> {
  const { ContainerEntrypoint: _entrypoint, ContainerArgs: _args, LogPath: _path, ...rest } = info;
  const shown = new Set(outputs.flatMap(({ facts }) => [...facts.attributes.keys()]));
  return { ...rest, ContainerEnv: info.ContainerEnv.filter((entry) => shown.has(entry.slice(0, Math.max(0, entry.indexOf('='))))) };
}

function toKeep({ name, facts, subject, target, format, transport, stream, deadLetter, oversize, resolved }: PlannedOutput, omitted: readonly string[]): OutputPlan {
  // What names files only may be kept.
  const login = bringsLogin(resolved) && omitted.length === 0 ? target.login : {};
  return {
    name, facts, subject, target: { ...target, servers: target.servers.map(withoutCredentials), login }, format, transport, oversize,
    ...(stream === undefined ? {} : { stream }),
    ...(deadLetter === undefined ? {} : { deadLetter }),
  };
}

type Origins = Pick<PlannedOutput['resolved'], 'origins'>;

function isOwn({ origins }: Origins, option: string): boolean {
  return origins.get(option)?.origin === LOG_OPT_ORIGIN;
}

function bringsLogin(resolved: Origins): boolean {
  return [...resolved.origins.keys()].some((option) => isCredential(option) && isOwn(resolved, option));
}

/** Of the plugin, not of the container. */
function inheritsCredentials({ target, resolved }: PlannedOutput): boolean {
  if (bringsLogin(resolved)) return false;
  return isLogin(target.login) || (target.servers.some(hasCredentials) && !isOwn(resolved, 'nats-servers'));
}

function isLogin(login: Login): boolean {
  return Object.keys(login).length > 0;
}

function hasCredentials({ user, token }: Server): boolean {
  return user !== undefined || token !== undefined;
}

function withoutCredentials({ host, port, tls }: Server): Server {
  return { host, port, tls };
}
