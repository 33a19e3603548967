/**
 * The short cut from frames to commands: what decoder, formatter and framer do to nearly every line, done in one pass by
 * a WebAssembly module that looks at sixteen bytes at a time (kernel/lines.as.ts). What it does not know it leaves to them.
 * Where WebAssembly or its vectors are missing it takes nothing, and they do everything.
 */
import type { ByteWriter } from './byte-writer.ts';
import { LINE_KERNEL } from './line-kernel.generated.ts';
import { SECOND_BYTES, TimestampWriter } from './rfc3339.ts';
import type { FrameRun } from './types.ts';

/** What the commands of one session have in common. Times are written over their places; so is the size, from the right. */
export interface CommandShape {
  /** Everything before the text. */
  readonly head: Uint8Array;
  /** Where the last digit of the payload's size stands; behind it CR LF, and then the payload. */
  readonly sizeAt: number;
  /** Where the time stands; see TimestampWriter. */
  readonly timeAt: number;
  /** Everything behind the text, CR LF included. */
  readonly stdoutTail: Uint8Array;
  readonly stderrTail: Uint8Array;
}

/** A number that the module exports. */
interface Cell {
  readonly value: number;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly head: Cell;
  readonly HEAD_BYTES: Cell;
  readonly stdoutTail: Cell;
  readonly stderrTail: Cell;
  readonly TAIL_BYTES: Cell;
  readonly input: Cell;
  readonly INPUT_BYTES: Cell;
  readonly lent: Cell;
  readonly LENT_BYTES: Cell;
  readonly outputs: Cell;
  readonly OUTPUT_COUNT: Cell;
  readonly OUTPUT_BYTES: Cell;
  /** Four numbers: bytes used up, bytes written, nanoseconds of the last line, second of the next line if that is another one. */
  readonly results: Cell;
  setUp(): void;
  setHead(headBytes: number, sizeAt: number, nanosAt: number, stdoutTailBytes: number, stderrTailBytes: number): void;
  setSecond(seconds: number): void;
  run(from: number, to: number, output: number, outputEnd: number, enough: number, limit: number): number;
}

/** Where they stand in `results`. */
const CONSUMED = 0;
const WRITTEN = 1;
const LAST_NANOS = 2;
const NEXT_SECOND = 3;
const RESULTS = 4;

class LineKernel {
  readonly #exports: Exports;
  readonly #memory: Buffer;
  readonly #headAt: number;
  readonly #inputAt: number;
  readonly #input: Buffer;
  #lent: Buffer;
  readonly #outputs: readonly Buffer[];
  readonly #free: Buffer[];
  /** For writers whose buffers lie elsewhere. */
  readonly #scratch: Buffer;
  readonly #results: Float64Array;
  readonly #time = new TimestampWriter();
  /** The head that lies in the memory is of this shape and this second. */
  #shape: CommandShape | undefined;
  #second = Number.NaN;

  constructor(exports: Exports) {
    this.#exports = exports;
    this.#memory = Buffer.from(exports.memory.buffer);
    this.#headAt = exports.head.value;
    this.#inputAt = exports.input.value;
    const size = exports.OUTPUT_BYTES.value;
    this.#outputs = Array.from({ length: exports.OUTPUT_COUNT.value }, (_, i) => this.#memory.subarray(exports.outputs.value + i * size, exports.outputs.value + (i + 1) * size));
    this.#free = [...this.#outputs];
    this.#scratch = this.#free.shift() as Buffer;
    this.#results = new Float64Array(exports.memory.buffer, exports.results.value, RESULTS);
    this.#input = this.#memory.subarray(this.#inputAt, this.#inputAt + exports.INPUT_BYTES.value);
    this.#lent = this.#memory.subarray(exports.lent.value, exports.lent.value + exports.LENT_BYTES.value);
    exports.setUp();
  }

  /** A buffer whose frames need not be copied; undefined: it is lent already, or not so large. */
  lend(size: number): Buffer | undefined {
    if (size > this.#lent.length) return undefined;
    const buffer = this.#lent.subarray(0, size);
    this.#lent = this.#lent.subarray(this.#lent.length);
    return buffer;
  }

  /** A buffer for commands which need not be copied, until `giveBack`; undefined: all are lent, or not so large. */
  lendOutput(size: number): Buffer | undefined {
    return size > this.#exports.OUTPUT_BYTES.value ? undefined : this.#free.pop()?.subarray(0, size);
  }

  /** Nobody writes there any more. One that was not lent is not taken; to be called once. */
  giveBack(buffer: Buffer): void {
    const output = this.#outputs.find((each) => each.buffer === buffer.buffer && each.byteOffset === buffer.byteOffset);
    if (output !== undefined) this.#free.push(output);
  }

  /**
   * Appends a command for each frame at the front of the run that is ordinary and whole and whose payload has at most `limit`
   * bytes, and stops when it has written `enough`. Moves the run behind them; returns how many there were.
   */
  write(run: FrameRun, shape: CommandShape, out: ByteWriter, limit: number, enough: number): number {
    if (shape !== this.#shape && !this.#take(shape)) return 0;
    const results = this.#results;
    const [from, to] = this.#place(run);
    const isHere = out.buffer.buffer === this.#memory.buffer;
    const output = isHere ? out.buffer : this.#scratch;
    const start = output.byteOffset + (isHere ? out.length : 0);
    const end = output.byteOffset + output.length;
    let lines = this.#exports.run(from, to, start, end, enough, limit);
    const nextSecond = results[NEXT_SECOND] as number;
    if (lines === 0 && nextSecond > 0) {
      this.#setSecond(nextSecond);
      lines = this.#exports.run(from, to, start, end, enough, limit);
    }
    if (lines === 0) return 0;
    const written = results[WRITTEN] as number;
    if (isHere) out.length += written;
    else out.append(output.subarray(0, written));
    run.at += results[CONSUMED] as number;
    run.seconds = this.#second;
    run.nanos = results[LAST_NANOS] as number;
    return lines;
  }

  /** Where in the memory the run begins and ends, or as much of it as there is room for. */
  #place({ bytes, at }: FrameRun): [number, number] {
    const input = this.#input;
    if (bytes.buffer === input.buffer) return [bytes.byteOffset + at, bytes.byteOffset + bytes.length];
    const end = Math.min(bytes.length, at + input.length);
    input.set(bytes.subarray(at, end));
    return [this.#inputAt, this.#inputAt + end - at];
  }

  /** False: it is too large. */
  #take(shape: CommandShape): boolean {
    const exports = this.#exports;
    const memory = this.#memory;
    const { head, stdoutTail, stderrTail, sizeAt, timeAt } = shape;
    if (head.length > exports.HEAD_BYTES.value || Math.max(stdoutTail.length, stderrTail.length) > exports.TAIL_BYTES.value) return false;
    memory.set(head, this.#headAt);
    memory.set(stdoutTail, exports.stdoutTail.value);
    memory.set(stderrTail, exports.stderrTail.value);
    exports.setHead(head.length, sizeAt, timeAt + SECOND_BYTES, stdoutTail.length, stderrTail.length);
    this.#shape = shape;
    this.#setSecond(Number.isNaN(this.#second) ? 0 : this.#second);
    return true;
  }

  #setSecond(seconds: number): void {
    const { timeAt } = this.#shape as CommandShape;
    this.#time.write(seconds, 0, this.#memory, this.#headAt + timeAt);
    if (seconds !== this.#second) this.#exports.setSecond(seconds);
    this.#second = seconds;
  }
}

/** One serves every session: it runs to its end before another begins. undefined: there is none here. */
export const lineKernel = load();

/** To read frames into. */
export function frameBuffer(size: number): Buffer {
  return lineKernel?.lend(size) ?? Buffer.allocUnsafeSlow(size);
}

/** To write commands into, until `giveBack`. */
export function outputBuffer(size: number): Buffer {
  return lineKernel?.lendOutput(size) ?? Buffer.allocUnsafeSlow(size);
}

/** Nobody writes there any more: another one will. To be called once. */
export function giveBack(buffer: Buffer): void {
  lineKernel?.giveBack(buffer);
}

/** What the compiler's library for programs outside a browser does not name. */
interface Platform {
  readonly WebAssembly?: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object) => { readonly exports: Exports };
  };
}

function load(): LineKernel | undefined {
  const { WebAssembly: machine } = globalThis as Platform;
  if (machine === undefined) return undefined;
  try {
    return new LineKernel(new machine.Instance(new machine.Module(Buffer.from(LINE_KERNEL, 'base64'))).exports);
  } catch (error) {
    // A processor without vectors, or a Node that was told to do without WebAssembly.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
