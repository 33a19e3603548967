/** What one container's log becomes: its effective options, its constant facts, its subject and its target. */
import type { Options } from './core/options.generated.ts';
import type { Target } from './core/target.ts';
import type { ContainerFacts, OverflowPlan, SessionPlan, StreamPlan } from './core/types.ts';
import { name, parseEngineInfo, type EngineInfo } from './docker/container-info.ts';
import { chosenLabels, chosenVariables } from './docker/extra-attributes.ts';
import { parseTemplate } from './docker/template/template.ts';
import { maskLogOpts } from './options/mask.ts';
import { matches, type Matchable } from './options/match.ts';
import { quote, type Problem } from './options/option-error.ts';
import { resolveOptions, tagWithoutRules, type ResolvedOptions, type Settings } from './options/resolve.ts';
import { validateSubject } from './options/subject.ts';

export interface Plan extends SessionPlan {
  readonly resolved: ResolvedOptions;
}

/** The engine's request makes no sense, in words for the user. */
export class PlanError extends Error {}

/** `info`: the engine's `Info`, unchecked. Throws OptionError or PlanError. */
export function planSession(settings: Settings, info: unknown, hostname: string): Plan {
  const container = readInfo(info);
  // A template may print all log-opts: {{json .}}.
  const rendering = new Rendering({ ...container, Config: maskLogOpts(container.Config) }, hostname);
  const rules = settings.rules.filter(({ match }) => matches(match, toMatchable(settings, container, rendering)));
  const resolved = resolveOptions(settings, container.Config, (options, originOf) => rendering.render(options, originOf), { rules });
  const facts: ContainerFacts = {
    id: container.ContainerID,
    name: name(container),
    imageId: container.ContainerImageID,
    imageName: container.ContainerImageName,
    hostname,
    tag: rendering.tag,
    attributes: rendering.attributes,
  };
  const { 'nats-format': format, 'nats-transport': transport } = resolved.options;
  const stream = streamOf(resolved, rendering.subject);
  const { subject, deadLetter } = rendering;
  return {
    resolved, facts, subject, target: toTarget(resolved), format, transport,
    ...(stream === undefined ? {} : { stream }),
    ...(deadLetter === undefined ? {} : { deadLetter }),
    oversize: resolved.options['nats-oversize'],
    overflow: overflowOf(resolved.options),
  };
}

function toMatchable(settings: Settings, container: EngineInfo, rendering: Rendering): Matchable {
  const { ContainerImageName: image, ContainerLabels: labels } = container;
  return { name: name(container), image, labels, tag: () => rendering.attempt(tagWithoutRules(settings, container.Config)) };
}

/** The tag, subject, labels and environment that the options ask for, or what is wrong with them. */
class Rendering {
  tag = '';
  subject = '';
  deadLetter: string | undefined;
  #labels: ReadonlyMap<string, string> = new Map();
  #variables: ReadonlyMap<string, string> = new Map();
  readonly #container: EngineInfo;
  readonly #hostname: string;

  constructor(container: EngineInfo, hostname: string) {
    this.#container = container;
    this.#hostname = hostname;
  }

  /** A variable overwrites a label of the same name, as in the engine's own drivers. */
  get attributes(): ReadonlyMap<string, string> {
    return new Map([...this.#labels, ...this.#variables]);
  }

  render(options: Options, originOf: (option: string) => string): Problem[] {
    const problems: Problem[] = [];
    const attempt = (option: string, make: () => void): void => {
      try {
        make();
      } catch (error) {
        problems.push({ option, wanted: error instanceof Error ? error.message : String(error), origin: originOf(option) });
      }
    };
    const subject = options['nats-subject'];
    attempt('tag', () => {
      this.tag = this.#execute(options.tag);
      if (subject === undefined) this.subject = legal(this.tag, '; without nats-subject the tag is the subject');
    });
    attempt('nats-subject', () => {
      if (subject !== undefined) this.subject = legal(this.#execute(subject), '');
    });
    attempt('nats-dead-letter-subject', () => {
      const template = options['nats-dead-letter-subject'];
      if (template !== undefined) this.deadLetter = legal(this.#execute(template), '');
    });
    attempt('labels-regex', () => {
      this.#labels = chosenLabels(this.#container, options);
    });
    attempt('env-regex', () => {
      this.#variables = chosenVariables(this.#container, options);
    });
    return problems;
  }

  /** undefined: the template is wrong. */
  attempt(template: string): string | undefined {
    try {
      return this.#execute(template);
    } catch (error) {
      if (error instanceof Error) return undefined;
      throw error;
    }
  }

  #execute(template: string): string {
    return parseTemplate(template).execute(this.#container, this.#hostname);
  }
}

function legal(subject: string, hint: string): string {
  const fault = validateSubject(subject);
  if (fault === undefined) return subject;
  throw new Error(`expected a legal subject, got ${quote(subject)}, which ${fault}${hint}`);
}

function readInfo(info: unknown): EngineInfo {
  try {
    return parseEngineInfo(info);
  } catch (error) {
    throw new PlanError(`nats: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function overflowOf({ 'nats-overflow': policy, 'nats-block-timeout': blockMs, 'nats-buffer-container-size': limit }: Options): OverflowPlan {
  return { policy, blockMs, ...(limit === undefined ? {} : { limit }) };
}

function streamOf({ options }: ResolvedOptions, subject: string): StreamPlan | undefined {
  const { 'nats-stream': name, 'nats-stream-create': create, 'nats-stream-subjects': subjects } = options;
  return name === undefined ? undefined : { name, create, subjects: subjects ?? [wholeBranch(subject)] };
}

/** `logs.web` → `logs.>`: a stream for all containers that follow the same scheme. */
function wholeBranch(subject: string): string {
  const [first] = subject.split('.');
  return first === subject ? subject : `${first}.>`;
}

export function toTarget({ options, servers, tls, login }: ResolvedOptions): Target {
  const { 'nats-name': name, 'nats-jetstream-domain': domain } = options;
  return {
    servers,
    login,
    ...(tls === undefined ? {} : { tls }),
    ...(name === undefined ? {} : { name }),
    maxReconnect: options['nats-max-reconnect'],
    connectTimeoutMs: options['nats-connect-timeout'],
    reconnectWaitMs: options['nats-reconnect-wait'],
    pingIntervalMs: options['nats-ping-interval'],
    inboxPrefix: options['nats-inbox-prefix'],
    ...(domain === undefined ? {} : { domain }),
  };
}
