import test from 'ava';
import type { Formatted, Formatter, LogEntry, Tally, Transport, Written } from '../../src/core/types.ts';
import { Publisher } from '../../src/stages/publish.ts';
import { entryOf } from './collector.ts';
import { tallyOf } from '../support/tally.ts';

class Recorder implements Transport {
  readonly isReady = true;
  readonly isAway = false;
  readonly hasGivenUp = false;
  readonly commits: [watermark: number, tally: Tally][] = [];
  /** To the next attempts, one each. */
  answers: Written[] = [];
  /** Offset, ordinal and name of what was written. */
  readonly places: string[] = [];
  readonly numbers: number[] = [];

  write({ offset, partial }: LogEntry, _formatter: Formatter, sequence: number): Written {
    this.numbers.push(sequence);
    this.places.push(partial === undefined ? `${offset}` : `${offset}.${partial.ordinal}.${partial.id}`);
    return this.answers.shift() ?? 'whole';
  }

  writeDeadLetter(): Formatted {
    return 'too-large';
  }

  commit(watermark: number, tally: Tally): void {
    this.commits.push([watermark, tally]);
  }

  wait(): void {}

  close(): void {}
}

function newPublisher(): { transport: Recorder; publisher: Publisher; write: (...answers: Formatted[]) => void } {
  const transport = new Recorder();
  const publisher = new Publisher(transport, { format: () => 'whole', formatGap: () => 'whole' }, 'truncate');
  const write = (...answers: Formatted[]): void => {
    for (const answer of answers) {
      // What does not fit whole is tried again, cut.
      transport.answers = answer === 'whole' ? ['whole'] : ['too-large', answer];
      publisher.write(entryOf('x'));
    }
  };
  return { transport, publisher, write };
}

test('a commit carries what became of the lines since the one before', (t) => {
  const { transport, publisher, write } = newPublisher();
  write('whole', 'truncated', 'too-large', 'whole');
  publisher.skipped(7, 1);
  publisher.skipped(3, 0);
  publisher.commit(100);
  write('whole');
  publisher.commit(120);
  publisher.commit(120);
  t.deepEqual(transport.commits, [
    [100, tallyOf({ messages: 4, lines: 3, truncated: 1, tooLarge: 1, notes: 1, skippedBytes: 10, skippedPlaces: 1 })],
    [120, tallyOf({ messages: 1, lines: 1 })],
    [120, tallyOf({})],
  ]);
});

test('what was not committed is forgotten on reset: it will be read again', (t) => {
  const { transport, publisher, write } = newPublisher();
  write('whole', 'truncated');
  publisher.skipped(5, 1);
  publisher.reset(0);
  write('whole');
  publisher.commit(50);
  t.deepEqual(transport.commits, [[50, tallyOf({ messages: 1, lines: 1 })]]);
});

test('a tally that was handed over does not change any more', (t) => {
  const { transport, publisher, write } = newPublisher();
  write('whole');
  publisher.commit(10);
  write('whole', 'whole');
  t.is(transport.commits[0]?.[1].lines, 1);
});

test('a record takes the place of a line that NATS does not take, the same whenever the line is read again', (t) => {
  const { transport, publisher } = newPublisher();
  transport.answers = ['refused', 'whole', 'too-large', 'too-large', 'whole'];
  publisher.write(entryOf('x', { offset: 7 }));
  publisher.write(entryOf('x', { offset: 20 }));
  publisher.commit(30);
  t.deepEqual(transport.places, ['7', '7.0.refused', '20', '20', '20.0.too-large']);
  t.deepEqual(transport.commits, [[30, tallyOf({ messages: 2, refused: 1, tooLarge: 1, notes: 2 })]]);
});

test('a record that NATS does not take, either, is not told of: its number is left out', (t) => {
  const { transport, publisher } = newPublisher();
  transport.answers = ['refused', 'refused'];
  publisher.write(entryOf('x'));
  publisher.commit(30);
  t.deepEqual(transport.commits, [[30, tallyOf({ messages: 1, refused: 1 })]]);
});

test('a record takes the number of the piece that NATS does not take: the other pieces have theirs again', (t) => {
  const transport = new Recorder();
  const publisher = new Publisher(transport, { format: () => 'whole', formatGap: () => 'whole' }, 'split');
  const line = entryOf('x'.repeat(10_000), { offset: 7 });
  const write = (...answers: Written[]): readonly (readonly [place: string, number: number])[] => {
    publisher.reset(0);
    const { length } = transport.places;
    transport.answers = answers;
    publisher.write(line);
    return transport.places.slice(length).map((place, i) => [place, transport.numbers[length + i] as number]);
  };
  const first = write('too-large', 'too-large', 'whole', 'whole');
  const again = write('too-large', 'too-large', 'refused', 'whole', 'whole');
  t.deepEqual(first.slice(2), [['7.1.7', 1], ['7.2.7', 2], ['7.3.7', 3]]);
  t.deepEqual(again.slice(2), [['7.1.7', 1], ['7.0.refused', 1], ['7.2.7', 2], ['7.3.7', 3]]);
});
