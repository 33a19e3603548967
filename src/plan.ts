/** What one container's log becomes: its effective options, its constant facts, its subject and its target. */
import type { Target } from './core/target.ts';
import type { ContainerFacts } from './core/types.ts';
import { name, parseEngineInfo, type EngineInfo } from './docker/container-info.ts';
import { extraAttributes } from './docker/extra-attributes.ts';
import { parseTemplate } from './docker/template/template.ts';
import { resolveOptions, type ResolvedOptions, type Settings } from './options/resolve.ts';
import { validateSubject } from './options/subject.ts';

export interface Plan {
  readonly resolved: ResolvedOptions;
  readonly facts: ContainerFacts;
  readonly subject: string;
  readonly target: Target;
}

/** Why a container's log cannot be set up, in words for the user. */
export class PlanError extends Error {}

/** `info`: the engine's `Info`, unchecked. Throws OptionError or PlanError. */
export function planSession(settings: Settings, info: unknown, hostname: string): Plan {
  const container = attempt('Info', () => parseEngineInfo(info));
  const resolved = resolveOptions(settings, container.Config);
  const { options } = resolved;
  const tag = render('tag', options.tag, container, hostname);
  const facts: ContainerFacts = {
    id: container.ContainerID,
    name: name(container),
    imageId: container.ContainerImageID,
    imageName: container.ContainerImageName,
    hostname,
    tag,
    attributes: attempt('labels and env', () => extraAttributes(container, options)),
  };
  return { resolved, facts, subject: toSubject(resolved, container, hostname, tag), target: toTarget(resolved) };
}

function toSubject({ options, origins }: ResolvedOptions, container: EngineInfo, hostname: string, tag: string): string {
  const template = options['nats-subject'];
  const subject = template === undefined ? tag : render('nats-subject', template, container, hostname);
  const fault = validateSubject(subject);
  if (fault === undefined) return subject;
  const option = template === undefined ? 'tag' : 'nats-subject';
  const hint = template === undefined ? '; without nats-subject the tag is the subject' : '';
  throw new PlanError(`nats: ${option}: expected a legal subject, got ${JSON.stringify(subject.slice(0, 256))}, which ${fault}${hint} (${origins.get(option)?.origin})`);
}

function toTarget({ options, servers, tls }: ResolvedOptions): Target {
  const { 'nats-user': user, 'nats-pass': pass, 'nats-token': token } = options;
  return {
    servers,
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(token === undefined ? {} : { token }),
    ...(tls === undefined ? {} : { tls }),
    maxReconnect: options['nats-max-reconnect'],
  };
}

function render(option: string, template: string, container: EngineInfo, hostname: string): string {
  return attempt(option, () => parseTemplate(template).execute(container, hostname));
}

function attempt<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new PlanError(`nats: ${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
