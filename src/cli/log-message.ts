/** Messages of the driver, as `schema/message.schema.json` describes them, and the choice among them. */
import { matchesAny } from '../options/glob.ts';

export interface LogMessage {
  readonly container_id: string;
  readonly container_name: string;
  readonly hostname: string;
  readonly time: string;
  readonly text: string;
  readonly source: 'stdout' | 'stderr' | 'driver';
  readonly truncated?: number;
  readonly gap?: { readonly lines: number; readonly from: string; readonly to: string; readonly reason: string };
  readonly partial_id?: string;
  readonly partial_last?: boolean;
  readonly [attribute: string]: unknown;
}

const TEXTS = ['container_id', 'container_name', 'hostname', 'time', 'text', 'source'] as const;

/** undefined: it is none of the driver's. */
export function parseLogMessage(data: Uint8Array): LogMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  return TEXTS.every((key) => typeof fields.get(key) === 'string') ? value as LogMessage : undefined;
}

/** Labels that say the same in Compose and in Swarm. */
const SERVICE = ['com.docker.compose.service', 'com.docker.swarm.service.name'] as const;
const PROJECT = ['com.docker.compose.project', 'com.docker.stack.namespace'] as const;

export interface Choice {
  /** Globs, of which one has to match; none: all. */
  readonly container: readonly string[];
  readonly service: readonly string[];
  readonly project: readonly string[];
}

export class Chooser {
  readonly #choice: Choice;
  /** Messages without the label that the choice goes by. */
  unlabelled = 0;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  isWanted(message: LogMessage): boolean {
    const { container, service, project } = this.#choice;
    const { container_id: id, container_name: name } = message;
    if (container.length > 0 && !matchesAny(container, name) && !matchesAny(container.map((glob) => `${glob}*`), id)) return false;
    return this.#hasLabel(message, SERVICE, service) && this.#hasLabel(message, PROJECT, project);
  }

  #hasLabel(message: LogMessage, labels: readonly string[], globs: readonly string[]): boolean {
    if (globs.length === 0) return true;
    const values = labels.flatMap((label) => typeof message[label] === 'string' ? [message[label]] : []);
    if (values.length === 0) this.unlabelled++;
    return values.some((value) => matchesAny(globs, value));
  }
}
