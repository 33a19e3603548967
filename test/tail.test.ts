import test from 'ava';
import { Tail } from '../src/tail.ts';
import type { JournalRun } from '../src/core/journal.ts';
import type { LogEntry } from '../src/core/types.ts';
import { encodeFrame, entriesOf } from './support/log-entry.ts';

/** What is kept of a session's bytes: some of them may be gone. */
class Kept {
  head = 0;
  #runs: JournalRun[] = [];

  append(bytes: Uint8Array): void {
    this.#runs.push({ offset: this.head, bytes });
    this.head += bytes.length;
  }

  forget(): void {
    this.#runs = [];
  }

  read(offset: number): JournalRun | undefined {
    const run = this.#runs.find((each) => each.offset + each.bytes.length > offset);
    if (run === undefined) return undefined;
    const skipped = Math.max(0, offset - run.offset);
    return { offset: run.offset + skipped, bytes: run.bytes.subarray(skipped) };
  }
}

function frames(text: string): Buffer {
  return Buffer.concat(entriesOf('stdout', text).map(encodeFrame));
}

function watching(kept: Kept): { tail: Tail; lines: string[] } {
  const lines: string[] = [];
  const line = ({ bytes, start, end }: LogEntry): void => void lines.push(Buffer.from(bytes.subarray(start, end)).toString());
  return { tail: new Tail(kept.head, { line, ended: () => void lines.push('(end)') }), lines };
}

test('it shows what comes after it was opened, each line once', (t) => {
  const kept = new Kept();
  kept.append(frames('before\n'));
  const { tail, lines } = watching(kept);
  kept.append(frames('one\ntwo\n'));
  tail.follow(kept);
  tail.follow(kept);
  kept.append(frames('three\n'));
  tail.follow(kept);
  t.deepEqual(lines, ['one', 'two', 'three']);
});

test('opened in the middle of a frame it begins with the next one', (t) => {
  const kept = new Kept();
  const bytes = frames('cut in two\nwhole\n');
  kept.append(bytes.subarray(0, 9));
  const { tail, lines } = watching(kept);
  kept.append(bytes.subarray(9));
  tail.follow(kept);
  t.deepEqual(lines, ['whole']);
});

test('lines that are gone before it looks are left out', (t) => {
  const kept = new Kept();
  const { tail, lines } = watching(kept);
  kept.append(frames('gone\n'));
  kept.forget();
  kept.append(frames('here\n'));
  tail.follow(kept);
  t.deepEqual(lines, ['here']);
});

test('a line that the engine split is shown whole', (t) => {
  const kept = new Kept();
  const { tail, lines } = watching(kept);
  kept.append(frames(`${'x'.repeat(20_000)}\n`));
  tail.follow(kept);
  t.deepEqual(lines.map((line) => line.length), [20_000]);
});

test('the end of the session is told', (t) => {
  const { tail, lines } = watching(new Kept());
  tail.end();
  t.deepEqual(lines, ['(end)']);
});
