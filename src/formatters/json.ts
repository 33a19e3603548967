/**
 * `nats-format=json`: one JSON object per line, the nine keys of the original driver first, then labels and
 * environment, flat. Described by schema/message.schema.json.
 */
import { cutJsonText, writeJsonText } from '../core/json-text.ts';
import { TimestampWriter } from '../core/rfc3339.ts';
import type { ByteWriter } from '../core/byte-writer.ts';
import type { ContainerFacts, Formatted, Formatter, LogEntry, Partial } from '../core/types.ts';

/** The message's own keys: they win over labels and environment of the same name. */
export const FIXED_KEYS: ReadonlySet<string> = new Set([
  'container_id', 'container_name', 'image_id', 'image_name', 'hostname', 'tag', 'time', 'text', 'source',
  'truncated', 'partial_id', 'partial_ordinal', 'partial_last',
]);

const BEFORE_TEXT = Buffer.from('","text":"');

export function createJsonFormatter(container: ContainerFacts): Formatter {
  return new JsonFormatter(container);
}

class JsonFormatter implements Formatter {
  /** Everything that is the same for each line of the session, serialised once. */
  readonly #head: Buffer;
  readonly #stdout: Buffer;
  readonly #stderr: Buffer;
  /** Labels and environment, and the closing brace. */
  readonly #tail: Buffer;
  readonly #time = new TimestampWriter();

  constructor(container: ContainerFacts) {
    const { id, name, imageId, imageName, hostname, tag, attributes } = container;
    const facts = JSON.stringify({ container_id: id, container_name: name, image_id: imageId, image_name: imageName, hostname, tag });
    this.#head = Buffer.from(`${facts.slice(0, -1)},"time":"`);
    this.#stdout = Buffer.from('","source":"stdout"');
    this.#stderr = Buffer.from('","source":"stderr"');
    const extra = [...attributes].filter(([key]) => !FIXED_KEYS.has(key));
    this.#tail = Buffer.from(`${extra.map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`).join('')}}`);
  }

  format(entry: LogEntry, out: ByteWriter, limit: number): Formatted {
    const { bytes, start, end } = entry;
    const before = out.pending;
    out.append(this.#head);
    this.#time.write(entry.seconds, entry.nanos, out);
    out.append(BEFORE_TEXT);
    const textAt = out.pending;
    writeJsonText(bytes, start, end, out);
    const textEnd = out.pending;
    this.#finish(entry, out, undefined);
    const size = out.pending - before;
    if (size <= limit) return 'whole';

    const mark = `,"truncated":${end - start}`;
    const room = limit - (size - (textEnd - textAt)) - mark.length;
    const payloadAt = out.length - size;
    if (room < 0) {
      out.rewind(payloadAt);
      return 'too-large';
    }
    const textStart = payloadAt + textAt - before;
    out.rewind(cutJsonText(out.buffer, textStart, textStart + room));
    this.#finish(entry, out, mark);
    return 'truncated';
  }

  #finish(entry: LogEntry, out: ByteWriter, mark: string | undefined): void {
    out.append(entry.source === 'stdout' ? this.#stdout : this.#stderr);
    if (mark !== undefined) out.append(Buffer.from(mark));
    if (entry.partial !== undefined) out.append(Buffer.from(partialKeys(entry.partial)));
    out.append(this.#tail);
  }
}

function partialKeys({ id, ordinal, last }: Partial): string {
  return `,"partial_id":${JSON.stringify(id)},"partial_ordinal":${ordinal},"partial_last":${last}`;
}
