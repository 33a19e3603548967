/** The end of a path of stages in tests: keeps copies of the entries that come. */
import type { EntrySink, LogEntry, Partial as Piece, Source } from '../../src/core/types.ts';

export interface Collected {
  readonly source: Source;
  readonly line: Buffer;
  readonly seconds: number;
  readonly nanos: number;
  readonly partial: Piece | undefined;
  readonly offset: number;
}

export class Collector implements EntrySink {
  readonly entries: Collected[] = [];
  ends = 0;

  write({ source, bytes, start, end, seconds, nanos, partial, offset }: LogEntry): void {
    this.entries.push({ source, line: Buffer.from(bytes.subarray(start, end)), seconds, nanos, partial, offset });
  }

  end(): void {
    this.ends++;
  }

  /** One text per entry: source, line or its length, and what makes it a piece. */
  get shown(): string[] {
    return this.entries.map(({ source, line, partial }) => {
      const text = line.length > 40 ? `${line.length} bytes` : line.toString('latin1');
      return `${source} ${text}${partial === undefined ? '' : ` (${partial.id} ${partial.ordinal} ${partial.last})`}`;
    });
  }
}

export type EntryFacts = Partial<Pick<LogEntry, 'source' | 'seconds' | 'nanos' | 'offset' | 'partial'>>;

/** An entry as the decoder would make it. */
export function entryOf(line: string | Uint8Array, facts: EntryFacts = {}): LogEntry {
  const bytes = Buffer.concat([Buffer.from('before'), Buffer.from(line), Buffer.from('behind')]);
  return {
    source: 'stdout', seconds: 1, nanos: 2, partial: undefined, offset: 0, ...facts,
    bytes, start: 6, end: bytes.length - 6,
  };
}
