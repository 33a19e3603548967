/**
 * One pass over the bytes: frames of the engine in, PUB commands with JSON payloads out, sixteen bytes at a time.
 * AssemblyScript, compiled by `npm run generate` into src/core/line-kernel.generated.ts; called by src/core/line-kernel.ts.
 *
 * It knows only what nearly every line is like, and stops in front of anything else. The plain path (FrameDecoder,
 * JsonFormatter, PubFramer) then does what it always did, so nothing here decides what is right: test/core/line-kernel.test.ts
 * compares the two byte for byte.
 *
 * A frame, as dockerd marshals it (moby daemon/logger/internal/logdriver/entry.proto):
 *
 *   4 bytes  size of the rest, big-endian
 *   0a 06 s t d o u t                       field 1, the source
 *   10 …     varint                         field 2, nanoseconds since 1970
 *   1a …     varint, so many bytes          field 3, the line; left out when it is empty
 */

const FRAME_HEAD: u32 = 4;
const STDOUT: u64 = 0x74756f647473060a;
const STDERR: u64 = 0x727265647473060a;
const SOURCE_BYTES: usize = 8;
const TIME: u8 = 0x10;
const LINE: u8 = 0x1a;
const BILLION: u64 = 1_000_000_000;
/** Written and read beyond the end of what counts. */
const SLACK: usize = 16;
/** A byte of the line becomes so many at most: `\u0000`. */
const MOST_GROWTH: usize = 6;
const CR_LF: u16 = 0x0a0d;
const ZERO: u8 = 0x30;
const BACKSLASH: u8 = 0x5c;

// Where things lie. src/core/line-kernel.ts asks where.
/** `000` to `999`, four bytes each. */
const DIGITS: usize = 1024;
/** For each byte: 0 copied as it is, 1 written as \u00xx, otherwise the letter behind the backslash. */
const ESCAPES: usize = DIGITS + 4000;
const HEX: usize = ESCAPES + 256;
export const head: usize = HEX + 16;
export const HEAD_BYTES: usize = 12 * 1024;
export const stdoutTail: usize = head + HEAD_BYTES;
export const TAIL_BYTES: usize = 12 * 1024;
export const stderrTail: usize = stdoutTail + TAIL_BYTES;
/** Frames that were copied here. */
export const input: usize = stderrTail + TAIL_BYTES;
export const INPUT_BYTES: usize = 64 * 1024;
/** Frames that were read to here. */
export const lent: usize = input + INPUT_BYTES + SLACK;
export const LENT_BYTES: usize = 64 * 1024;
/** Buffers to write commands into. Of those that are never used the system holds no page. */
export const outputs: usize = lent + LENT_BYTES + SLACK;
export const OUTPUT_COUNT: usize = 5;
/** One command with a line of 16 KiB, however it is escaped, and what leaves in one piece before it. */
export const OUTPUT_BYTES: usize = 512 * 1024;
/** What `run` says of what it did, four f64; in memory, since looking at a variable from outside takes longer than a short line. */
export const results: usize = outputs + OUTPUT_COUNT * OUTPUT_BYTES;
/** Bytes of frames that were used up. */
const CONSUMED: usize = results;
/** Bytes of commands. */
const WRITTEN: usize = results + 8;
/** Of the last line. */
const LAST_NANOS: usize = results + 16;
/** Of the line in front of which it stopped, if that is of another second; else 0. */
const NEXT_SECOND: usize = results + 24;

/** What the commands of one session have in common; lengths in bytes, positions from the start of the head. */
export let headBytes: usize = 0;
export let stdoutTailBytes: usize = 0;
export let stderrTailBytes: usize = 0;
/** The last digit of the payload's size; the payload begins behind it and CR LF. */
export let sizeAt: usize = 0;
/** The nine digits behind the second. */
export let nanosAt: usize = 0;
/** The second that the head says, as nanoseconds since 1970. */
export let second: u64 = 0;

export function setUp(): void {
  for (let i: u32 = 0; i < 1000; i++) {
    store<u32>(DIGITS + 4 * i, 0x303030 + (i / 100) + ((i / 10 % 10) << 8) + ((i % 10) << 16));
  }
  memory.fill(ESCAPES, 1, 0x20);
  store<u8>(ESCAPES + 0x08, 0x62);
  store<u8>(ESCAPES + 0x09, 0x74);
  store<u8>(ESCAPES + 0x0a, 0x6e);
  store<u8>(ESCAPES + 0x0c, 0x66);
  store<u8>(ESCAPES + 0x0d, 0x72);
  store<u8>(ESCAPES + 0x22, 0x22);
  store<u8>(ESCAPES + 0x5c, 0x5c);
  for (let i: u32 = 0; i < 16; i++) store<u8>(HEX + i, <u8>(i < 10 ? 0x30 + i : 0x57 + i));
}

/** See CommandShape in src/core/line-kernel.ts. */
export function setHead(bytes: usize, size: usize, nanos: usize, stdout: usize, stderr: usize): void {
  headBytes = bytes;
  sizeAt = size;
  nanosAt = nanos;
  stdoutTailBytes = stdout;
  stderrTailBytes = stderr;
}

export function setSecond(seconds: f64): void {
  second = <u64>seconds * BILLION;
}

/**
 * Writes the frames in [begin, end) to [output, outputEnd), as long as there is room, they are ordinary, whole, and have payloads of at most
 * `limit` bytes, and stops early behind `enough` bytes. Returns how many; see `results`.
 */
export function run(begin: usize, end: usize, output: usize, outputEnd: usize, enough: usize, limit: usize): i32 {
  let at = begin;
  let to = output;
  const last = outputEnd - SLACK;
  let lines: i32 = 0;
  store<f64>(NEXT_SECOND, 0);
  let lastNanos: u32 = 0;
  while (at + FRAME_HEAD <= end && to - output < enough) {
    const size = <usize>bswap(load<u32>(at));
    let from = at + FRAME_HEAD;
    const next = from + size;
    if (size < SOURCE_BYTES + 2 || size > <usize>(end - from)) break;
    const source = load<u64>(from);
    const isStdout = source == STDOUT;
    if (!isStdout && source != STDERR) break;
    from += SOURCE_BYTES;

    if (load<u8>(from++) != TIME) break;
    let time: u64 = 0;
    let shift: u64 = 0;
    let byte: u64 = 0x80;
    while (byte >= 0x80 && shift < 63 && from < next) {
      byte = load<u8>(from++);
      time |= (byte & 0x7f) << shift;
      shift += 7;
    }
    if (byte >= 0x80) break;
    const nanos = time - second;
    if (nanos >= BILLION) {
      store<f64>(NEXT_SECOND, <f64>(time / BILLION));
      break;
    }

    if (from < next) {
      if (load<u8>(from++) != LINE) break;
      let lineBytes: usize = 0;
      shift = 0;
      byte = 0x80;
      while (byte >= 0x80 && shift < 28 && from < next) {
        byte = load<u8>(from++);
        lineBytes |= <usize>(byte & 0x7f) << <usize>shift;
        shift += 7;
      }
      if (byte >= 0x80 || lineBytes == 0 || from + lineBytes != next) break;
    }
    const tailBytes = isStdout ? stdoutTailBytes : stderrTailBytes;
    if (to + headBytes + (next - from) * MOST_GROWTH + tailBytes > last) break;

    copy(to, head, headBytes);
    writeNanos(to + nanosAt, <u32>nanos);
    const text = writeText(from, next, to + headBytes);
    if (text == 0) break;
    copy(text, isStdout ? stdoutTail : stderrTail, tailBytes);
    const done = text + tailBytes;
    // The tail ends with CR LF, which is not part of the payload.
    const payload = done - 2 - (to + sizeAt + 3);
    if (payload > limit) break;
    writeSize(to + sizeAt, <u32>payload);
    to = done;
    at = next;
    lastNanos = <u32>nanos;
    lines++;
  }
  store<f64>(CONSUMED, <f64>(at - begin));
  store<f64>(WRITTEN, <f64>(to - output));
  store<f64>(LAST_NANOS, <f64>lastNanos);
  return lines;
}

/** Reads and writes up to fifteen bytes more. */
@inline
function copy(to: usize, from: usize, size: usize): void {
  for (let i: usize = 0; i < size; i += 16) v128.store(to + i, v128.load(from + i));
}

@inline
function writeNanos(to: usize, nanos: u32): void {
  const micros = nanos / 1000;
  const millis = micros / 1000;
  // Each store's fourth byte is written over by the next one, or by what stood there.
  const after = load<u8>(to + 9);
  store<u32>(to, load<u32>(DIGITS + 4 * <usize>millis));
  store<u32>(to + 3, load<u32>(DIGITS + 4 * <usize>(micros - millis * 1000)));
  store<u32>(to + 6, load<u32>(DIGITS + 4 * <usize>(nanos - micros * 1000)));
  store<u8>(to + 9, after);
}

/** Leaves the blanks in front of the digits. */
@inline
function writeSize(last: usize, size: u32): void {
  let rest = size;
  let at = last;
  do {
    store<u8>(at--, <u8>(ZERO + rest % 10));
    rest /= 10;
  } while (rest > 0);
}

/** The inside of a JSON string, see src/core/json-text.ts. Returns where it ends; 0: it is not UTF-8. */
@inline
function writeText(start: usize, end: usize, out: usize): usize {
  let from = start;
  let to = out;
  while (from < end) {
    const chunk = v128.load(from);
    v128.store(to, chunk);
    // As signed numbers, the bytes below 0x20 and those of 0x80 and more are the ones below 0x20.
    const special = v128.or(
      i8x16.lt_s(chunk, i8x16.splat(0x20)),
      v128.or(i8x16.eq(chunk, i8x16.splat(0x22)), i8x16.eq(chunk, i8x16.splat(0x5c))),
    );
    if (!v128.any_true(special)) {
      // A guess that the processor makes early, where a count of plain bytes would have to be waited for.
      from += 16;
      to += 16;
      continue;
    }
    const plain = <usize>ctz(i8x16.bitmask(special));
    from += plain;
    to += plain;
    if (from >= end) break;
    const byte = load<u8>(from);
    if (byte < 0x80) {
      to = writeEscape(byte, to);
      from++;
    } else {
      const size = sequenceBytes(from, end);
      if (size == 0) return 0;
      store<u32>(to, load<u32>(from));
      from += size;
      to += size;
    }
  }
  // The last bytes that were copied may lie behind the end.
  return to - (from - end);
}

function writeEscape(byte: u8, to: usize): usize {
  const letter = load<u8>(ESCAPES + byte);
  store<u8>(to, BACKSLASH);
  if (letter != 1) {
    store<u8>(to + 1, letter);
    return to + 2;
  }
  store<u32>(to + 1, 0x303075 | (<u32>ZERO << 24));
  store<u8>(to + 1, 0x75);
  store<u8>(to + 2, ZERO);
  store<u8>(to + 3, ZERO);
  store<u8>(to + 4, load<u8>(HEX + (byte >> 4)));
  store<u8>(to + 5, load<u8>(HEX + (byte & 15)));
  return to + 6;
}

/** Length of the well-formed sequence of UTF-8 at `at`, or 0. Source: The Unicode Standard, table 3-7. */
function sequenceBytes(at: usize, end: usize): usize {
  const lead = load<u8>(at);
  const size: usize = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size == 0 || at + size > end) return 0;
  const second = load<u8>(at + 1);
  const low: u8 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const high: u8 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  if (size > 2 && (load<u8>(at + 2) & 0xc0) != 0x80) return 0;
  if (size > 3 && (load<u8>(at + 3) & 0xc0) != 0x80) return 0;
  return size;
}
