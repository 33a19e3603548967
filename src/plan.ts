/** What one container's log becomes: its effective options, its constant facts, its subject and its target. */
import type { Options } from './core/options.generated.ts';
import type { Target } from './core/target.ts';
import { MAIN_OUTPUT, type OutputPlan, type OverflowPlan, type SessionPlan, type StreamPlan } from './core/plan.ts';
import { name, parseEngineInfo, type EngineInfo } from './docker/container-info.ts';
import { chosenLabels, chosenVariables } from './docker/extra-attributes.ts';
import { parseTemplate } from './docker/template/template.ts';
import type { DocumentReading, OutputRule } from './options/document.ts';
import { maskLogOpts } from './options/mask.ts';
import { matches, type Matchable } from './options/match.ts';
import { quote, type Problem } from './options/option-error.ts';
import { outputsOf, resolveOptions, tagWithoutRules, type Check, type ResolvedOptions, type Settings } from './options/resolve.ts';
import { validateSubject } from './options/subject.ts';

/** What a session is planned from, and planned from again when the configuration changes. */
export interface Container {
  readonly info: EngineInfo;
  /** Names of log-opts whose secrets are not known any more. */
  readonly omitted: readonly string[];
  /** Texts of templates that were rendered when all of the container was known. */
  readonly rendered: ReadonlyMap<string, string>;
  /** Files that are read at each connection need not be there now: it runs already. */
  readonly mayLackFiles: boolean;
}

export interface PlannedOutput extends OutputPlan {
  readonly resolved: ResolvedOptions;
}

export interface Plan extends PlannedOutput, SessionPlan {
  readonly further: readonly PlannedOutput[];
  /** The rules that matched, as their places. */
  readonly rules: readonly string[];
  /** By template: its text. */
  readonly rendered: ReadonlyMap<string, string>;
}

/** As much of a plan as its session needs: where each option came from is forgotten. */
export function toSession({ resolved: _resolved, rules: _rules, rendered: _rendered, further, ...main }: Plan): SessionPlan {
  return { ...main, further: further.map(({ resolved: _origins, ...output }) => output) };
}

/** The engine's request makes no sense, in words for the user. */
export class PlanError extends Error {}

/** `info`: the engine's `Info`, unchecked. Throws PlanError. */
export function readContainer(info: unknown): Container {
  try {
    return { info: parseEngineInfo(info), omitted: [], rendered: new Map(), mayLackFiles: false };
  } catch (error) {
    throw new PlanError(`nats: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** `info`: the engine's `Info`, unchecked. Throws OptionError or PlanError. */
export function planSession(settings: Settings, info: unknown, hostname: string): Plan {
  return planContainer(settings, readContainer(info), hostname);
}

/** Throws OptionError. */
export function planContainer(settings: Settings, container: Container, hostname: string): Plan {
  const renderer = new Renderer(container, hostname);
  const rules = settings.rules.filter(({ match }) => matches(match, toMatchable(settings, container, renderer)));
  const planOutput = (output: OutputRule | undefined): PlannedOutput => {
    const rendering = new Rendering(container.info, renderer);
    const check: Check = (options, originOf) => rendering.render(options, originOf);
    const resolved = resolveOptions(settings, container.info.Config, check, { rules, output, omitted: container.omitted, mayLackFiles: container.mayLackFiles });
    return toOutput(output?.name ?? MAIN_OUTPUT, resolved, rendering, container.info, hostname);
  };
  const main = planOutput(undefined);
  return {
    ...main,
    further: outputsOf(rules).map(planOutput),
    overflow: overflowOf(main.resolved.options),
    rules: rules.map(({ origin }) => origin),
    rendered: renderer.rendered,
  };
}

function toOutput(output: string, resolved: ResolvedOptions, { tag, subject, deadLetter, attributes }: Rendering, info: EngineInfo, hostname: string): PlannedOutput {
  const { 'nats-format': format, 'nats-transport': transport, 'nats-oversize': oversize } = resolved.options;
  const stream = streamOf(resolved, subject);
  return {
    name: output, resolved, subject, target: toTarget(resolved), format, transport, oversize,
    facts: { id: info.ContainerID, name: name(info), imageId: info.ContainerImageID, imageName: info.ContainerImageName, hostname, tag, attributes },
    ...(stream === undefined ? {} : { stream }),
    ...(deadLetter === undefined ? {} : { deadLetter }),
  };
}

/** Templates and regular expressions that no container could be given. */
export function templateProblems({ layer, rules }: Pick<DocumentReading, 'layer' | 'rules'>): readonly Problem[] {
  const layers = [layer, ...rules.flatMap(({ options, force, outputs }) => [options, force, ...outputs.map((output) => output.layer)])];
  const nobody = { ...parseEngineInfo({ ContainerID: '-' }), ...{ ContainerLabels: {} } };
  const checks: Readonly<Record<string, (text: string) => unknown>> = {
    'tag': parseTemplate, 'nats-subject': parseTemplate, 'nats-dead-letter-subject': parseTemplate,
    'labels-regex': (text) => chosenLabels(nobody, { ...NO_ATTRIBUTES, 'labels-regex': text }),
    'env-regex': (text) => chosenVariables(nobody, { ...NO_ATTRIBUTES, 'env-regex': text }),
  };
  return layers.flatMap(({ values }) => Object.entries(checks).flatMap(([option, check]): Problem[] => {
    const found = values.get(option);
    try {
      if (found !== undefined) check(String(found.value));
      return [];
    } catch (error) {
      return [{ option, wanted: error instanceof Error ? error.message : String(error), origin: found?.origin ?? '' }];
    }
  }));
}

const NO_ATTRIBUTES = { 'labels': '', 'labels-regex': '', 'env': '', 'env-regex': '' };

function toMatchable(settings: Settings, { info }: Container, renderer: Renderer): Matchable {
  const { ContainerImageName: image, ContainerLabels: labels } = info;
  return { name: name(info), image, labels, tag: () => renderer.attempt(tagWithoutRules(settings, info.Config)) };
}

/** Executes templates; those whose texts are known already are not executed again. */
class Renderer {
  readonly rendered = new Map<string, string>();
  readonly #container: Container;
  readonly #info: EngineInfo;
  readonly #hostname: string;

  constructor(container: Container, hostname: string) {
    this.#container = container;
    // A template may print all log-opts: {{json .}}.
    this.#info = { ...container.info, Config: maskLogOpts(container.info.Config) };
    this.#hostname = hostname;
  }

  /** Throws an Error that tells what is wrong with the template. */
  execute(template: string): string {
    const text = this.#container.rendered.get(template) ?? parseTemplate(template).execute(this.#info, this.#hostname);
    this.rendered.set(template, text);
    return text;
  }

  /** undefined: the template is wrong. */
  attempt(template: string): string | undefined {
    try {
      return this.execute(template);
    } catch (error) {
      if (error instanceof Error) return undefined;
      throw error;
    }
  }
}

/** The tag, subject, labels and environment that the options ask for, or what is wrong with them. */
class Rendering {
  tag = '';
  subject = '';
  deadLetter: string | undefined;
  #labels: ReadonlyMap<string, string> = new Map();
  #variables: ReadonlyMap<string, string> = new Map();
  readonly #container: EngineInfo;
  readonly #renderer: Renderer;

  constructor(container: EngineInfo, renderer: Renderer) {
    this.#container = container;
    this.#renderer = renderer;
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

  #execute(template: string): string {
    return this.#renderer.execute(template);
  }
}

function legal(subject: string, hint: string): string {
  const fault = validateSubject(subject);
  if (fault === undefined) return subject;
  throw new Error(`expected a legal subject, got ${quote(subject)}, which ${fault}${hint}`);
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
