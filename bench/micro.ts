/**
 * `npm run bench:micro`: what each step inside the process costs, in nanoseconds per line, with the same step of the plain
 * driver beside it. No FIFO, no network: `npm run bench` has the whole.
 */
import { parseArgs } from 'node:util';
import { ByteWriter } from '../src/core/byte-writer.ts';
import { writeJsonText } from '../src/core/json-text.ts';
import { lineKernel, outputBuffer } from '../src/core/line-kernel.ts';
import type { EntrySink, Formatted, Formatter, FrameRun, LogEntry, PayloadShape, Tally, Transport } from '../src/core/types.ts';
import { EntryCursor, FrameDecoder } from '../src/docker/frame-decoder.ts';
import { createJsonFormatter } from '../src/formatters/json.ts';
import { SEND_BYTES } from '../src/nats/outbox.ts';
import { PubFramer } from '../src/nats/pub-framer.ts';
import { Publisher } from '../src/stages/publish.ts';
import { HeldBytes, Reassembler } from '../src/stages/reassemble.ts';
import { encodeFrame, nowNano } from '../test/support/log-entry.ts';
import { blankLine } from './line.ts';
import { PlainDecoder, plainMessage, type PlainEntry } from './plain-path.ts';

const { values } = parseArgs({ options: { bytes: { type: 'string', default: '150' } } });
const LINE_BYTES = Number(values.bytes);
/** About what one read of a full pipe brings. */
const BLOCK_BYTES = 64 * 1024;
const ROUNDS = 7;
const ROUND_MS = 100;
const SUBJECT = 'bench.c0';
const ID = 'a'.repeat(64);
const IMAGE = `sha256:${'7'.repeat(64)}`;

class Nowhere implements EntrySink {
  write(): void {
    // The step before is what is measured.
  }

  end(): void {
    // Nothing is held here.
  }
}

/** Frames and formats like the real one; what was committed is forgotten. */
class LocalTransport implements Transport {
  readonly isReady = true;
  readonly isAway = false;
  readonly hasGivenUp = false;
  readonly #framer = new PubFramer(SUBJECT);

  wait(): void {
    throw new Error('it is always ready');
  }

  write(entry: LogEntry, formatter: Formatter): Formatted {
    this.#framer.open(out);
    const before = out.length;
    const formatted = formatter.format(entry, out, LIMIT);
    this.#framer.close(out, out.length - before);
    return formatted;
  }

  writeDeadLetter(): Formatted {
    return 'too-large';
  }

  commit(_watermark: number, _tally: Tally): void {
    out.clear();
  }

  close(): void {
    // There is no connection.
  }
}

/** The real one's short cut, with the same buffers. */
class KernelTransport extends LocalTransport {
  readonly #command = new PubFramer(SUBJECT).around(formatter.shape as PayloadShape);

  writeFrames(run: FrameRun): number {
    return lineKernel?.write(run, this.#command, out, LIMIT, SEND_BYTES) ?? 0;
  }
}

const LIMIT = 1024 * 1024;
const out = new ByteWriter(outputBuffer(512 * 1024));
const line = Buffer.from(blankLine(LINE_BYTES));
const frame = encodeFrame({ source: 'stdout', timeNano: nowNano(), line });
const lines = Math.floor(BLOCK_BYTES / frame.length);
const block = Buffer.concat(Array.from({ length: lines }, () => frame));

const entry = new EntryCursor();
entry.bytes = line;
entry.end = line.length;
entry.seconds = Math.floor(Date.now() / 1000);
const plainEntry: PlainEntry = { source: 'stdout', timeNano: nowNano(), line, partial: false, last: false };

const formatter = createJsonFormatter({
  id: ID, name: 'web-0', imageId: IMAGE, imageName: 'nginx:1.27', hostname: 'host', tag: ID.slice(0, 12), attributes: new Map(),
});
const plainContainer = {
  container_id: ID, container_name: 'web-0', image_id: IMAGE, image_name: 'nginx:1.27', hostname: 'host', tag: ID.slice(0, 12),
};
const payload = plainMessage(plainContainer, plainEntry);
const payloadBytes = Buffer.from(payload);
const decoder = new FrameDecoder(new Nowhere(), () => undefined);
const plainDecoder = new PlainDecoder();
const reassembler = new Reassembler(new Nowhere(), new HeldBytes(LIMIT));
const framer = new PubFramer(SUBJECT);
const publisher = new Publisher(new LocalTransport(), formatter, 'split');
const wholePath = new FrameDecoder(new Reassembler(publisher, new HeldBytes(LIMIT)), () => undefined);
const shortPublisher = new Publisher(new KernelTransport(), formatter, 'split');
const shortPath = new FrameDecoder(new Reassembler(shortPublisher, new HeldBytes(LIMIT)), () => undefined);

/** What the client does with a payload before it is sent. */
function plainFrame(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(`PUB ${SUBJECT} ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** Keeps results from being optimised away. */
let kept = 0;

interface Step {
  readonly title: string;
  /** Each handles `lines` lines. */
  readonly ours: () => void;
  readonly plain?: () => void;
}

function perLine(work: () => void): () => void {
  return () => {
    for (let i = 0; i < lines; i++) work();
    kept += out.length;
    out.clear();
  };
}

const STEPS: readonly Step[] = [
  {
    title: 'decode a frame',
    ours: () => decoder.push(block),
    plain: () => kept += plainDecoder.push(block).length,
  },
  { title: 'reassemble: pass through', ours: perLine(() => reassembler.write(entry)) },
  {
    title: 'text as JSON',
    ours: perLine(() => writeJsonText(line, 0, line.length, out)),
    plain: perLine(() => kept += JSON.stringify(line.toString()).length),
  },
  {
    title: 'format the message',
    ours: perLine(() => formatter.format(entry, out, LIMIT)),
    plain: perLine(() => kept += plainMessage(plainContainer, plainEntry).length),
  },
  {
    title: 'copy a payload and frame it as PUB',
    ours: perLine(() => {
      framer.open(out);
      out.append(payloadBytes);
      framer.close(out, payloadBytes.length);
    }),
    plain: perLine(() => kept += plainFrame(payload).length),
  },
  {
    title: 'all, by the line kernel',
    ours: () => {
      shortPath.push(block);
      shortPublisher.commit(shortPath.position);
    },
  },
  {
    title: 'all: frames to PUB commands',
    ours: () => {
      wholePath.push(block);
      publisher.commit(wholePath.position);
    },
    plain: () => {
      for (const decoded of plainDecoder.push(block)) kept += plainFrame(plainMessage(plainContainer, decoded)).length;
    },
  },
];

/** Nanoseconds per line. */
function time(work: () => void): number {
  const begin = performance.now();
  let passes = 0;
  let elapsed = 0;
  while (elapsed < ROUND_MS) {
    work();
    passes++;
    elapsed = performance.now() - begin;
  }
  return elapsed * 1e6 / (passes * lines);
}

/** The fastest of all rounds: whatever disturbs only adds. Both take turns. */
function measure({ ours, plain }: Step): { ours: number; plain: number } {
  let best = { ours: Number.POSITIVE_INFINITY, plain: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    best = { ours: Math.min(best.ours, time(ours)), plain: plain === undefined ? Number.NaN : Math.min(best.plain, time(plain)) };
  }
  return best;
}

console.log(`node ${process.version}, lines of ${LINE_BYTES} bytes, nanoseconds per line, the fastest of ${ROUNDS} rounds\n`);
console.log('| step | ours | plain | ours/plain |\n|---|---:|---:|---:|');
for (const step of STEPS) {
  const { ours, plain } = measure(step);
  const [plainText, ratio] = Number.isNaN(plain) ? ['', ''] : [plain.toFixed(0), (ours / plain).toFixed(2)];
  console.log(`| ${step.title} | ${ours.toFixed(0)} | ${plainText} | ${ratio} |`);
}
if (kept < 0) console.log(kept);
