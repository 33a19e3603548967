/**
 * `nats-format=json`: one JSON object per line, the nine keys of the original driver first, then labels and
 * environment, flat. Described by schema/message.schema.json.
 */
import { cutJsonText, writeJsonText } from '../core/json-text.ts';
import { lasting } from '../core/lasting.ts';
import { TIMESTAMP_BYTES, TimestampWriter } from '../core/rfc3339.ts';
import type { ByteWriter } from '../core/byte-writer.ts';
import type { ContainerFacts } from '../core/plan.ts';
import type { Formatted, Formatter, Gap, GapReason, LogEntry, Moment, Partial, PayloadShape } from '../core/types.ts';

/** The message's own keys: they win over labels and environment of the same name. */
export const FIXED_KEYS: ReadonlySet<string> = new Set([
  'container_id', 'container_name', 'image_id', 'image_name', 'hostname', 'tag', 'time', 'text', 'source',
  'truncated', 'gap', 'partial_id', 'partial_ordinal', 'partial_last',
]);

const STDOUT = Buffer.from('","source":"stdout"');
const STDERR = Buffer.from('","source":"stderr"');
/** One for all containers: lines that are written at the same time have the same second. */
const timestamps = new TimestampWriter();

export function createJsonFormatter(container: ContainerFacts): Formatter {
  return new JsonFormatter(container);
}

class JsonFormatter implements Formatter {
  /** Everything before the text, serialised once; the time is written over its place. */
  readonly #head: Buffer;
  /** From the head's end back to where the time begins. */
  readonly #timeBefore: number;
  readonly shape: PayloadShape;

  constructor(container: ContainerFacts) {
    const { id, name, imageId, imageName, hostname, tag, attributes } = container;
    const facts = JSON.stringify({ container_id: id, container_name: name, image_id: imageId, image_name: imageName, hostname, tag });
    const place = `${' '.repeat(TIMESTAMP_BYTES)}","text":"`;
    this.#timeBefore = place.length;
    const extra = [...attributes].filter(([key]) => !FIXED_KEYS.has(key));
    const tail = Buffer.from(`${extra.map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`).join('')}}`);
    const [head, stdoutTail, stderrTail] = lasting(Buffer.from(`${facts.slice(0, -1)},"time":"${place}`), Buffer.concat([STDOUT, tail]), Buffer.concat([STDERR, tail]));
    this.#head = head;
    this.shape = { head, timeAt: head.length - this.#timeBefore, stdoutTail, stderrTail };
  }

  format(entry: LogEntry, out: ByteWriter, limit: number): Formatted {
    const { bytes, start, end } = entry;
    const before = out.length;
    out.append(this.#head);
    timestamps.write(entry.seconds, entry.nanos, out.buffer, out.length - this.#timeBefore);
    const textAt = out.length;
    writeJsonText(bytes, start, end, out);
    const textEnd = out.length;
    if (entry.partial === undefined) out.append(entry.source === 'stdout' ? this.shape.stdoutTail : this.shape.stderrTail);
    else this.#finish(entry, out, '');
    const size = out.length - before;
    if (size <= limit) return 'whole';

    const mark = `,"truncated":${end - start}`;
    const room = limit - (size - (textEnd - textAt)) - mark.length;
    if (room < 0) {
      out.rewind(before);
      return 'too-large';
    }
    out.rewind(cutJsonText(out.buffer, textAt, textAt + room));
    this.#finish(entry, out, mark);
    return 'truncated';
  }

  formatGap(gap: Gap, out: ByteWriter, limit: number): Formatted {
    const before = out.length;
    out.append(this.#head);
    timestamps.write(gap.to.seconds, gap.to.nanos, out.buffer, out.length - this.#timeBefore);
    const { lines, bytes, reason } = gap;
    const from = gap.from === undefined ? undefined : this.#timestamp(gap.from);
    const to = this.#timestamp(gap.to);
    const text = JSON.stringify(sentence({ lines, bytes, from, to, reason }));
    out.append(Buffer.from(`${text.slice(1)},"source":"driver","gap":${JSON.stringify({ lines, bytes, from, to, reason })}`));
    out.append(this.#tail);
    const size = out.length - before;
    if (size <= limit) return 'whole';
    out.rewind(before);
    return 'too-large';
  }

  /** Labels and environment, and the closing brace. */
  get #tail(): Uint8Array {
    return this.shape.stdoutTail.subarray(STDOUT.length);
  }

  #timestamp({ seconds, nanos }: Moment): string {
    const bytes = Buffer.alloc(TIMESTAMP_BYTES);
    timestamps.write(seconds, nanos, bytes, 0);
    return bytes.toString('latin1');
  }

  #finish(entry: LogEntry, out: ByteWriter, mark: string): void {
    out.append(entry.source === 'stdout' ? STDOUT : STDERR);
    out.append(Buffer.from(mark));
    if (entry.partial !== undefined) out.append(Buffer.from(partialKeys(entry.partial)));
    out.append(this.#tail);
  }
}

interface GapFields {
  readonly lines: number | undefined;
  readonly bytes: number | undefined;
  readonly from: string | undefined;
  readonly to: string;
  readonly reason: GapReason;
}

/** What people read who look at the lines. */
function sentence({ lines, bytes, from, to, reason }: GapFields): string {
  if (bytes === undefined) return `lines before ${to} may be missing, how many is not known: ${reason}`;
  if (lines === undefined) return `lines (${bytes} bytes) before ${to} were lost: ${reason}`;
  return `${lines} lines (${bytes} bytes) between ${from} and ${to} were lost: ${reason}`;
}

function partialKeys({ id, ordinal, last }: Partial): string {
  return `,"partial_id":${JSON.stringify(id)},"partial_ordinal":${ordinal},"partial_last":${last}`;
}
