/** Go's fmt printing of any value by any verb, with its diagnostics for verbs that do not fit. Source: Go fmt/print.go. */
import { durationText } from './duration.ts';
import type { Flags } from './pad.ts';
import { layCodePoint, layFloat, layHex, layInteger, layQuoted, layRune, layText, noFlags, pad } from './pad.ts';
import { MONTHS, WEEKDAYS, timeGoText, timeText } from './time-format.ts';
import { UNIX_TO_YEAR_ONE } from './time.ts';
import type { CallContext, InfoValue, SliceValue, TypedValue, Value } from './values.ts';
import { bytesOf, int, itemsOf, typeName, uint } from './values.ts';

/** Pointers have no address here; every one prints as this. */
const ADDRESS = 0xc000010000n;

/** The text of a value that has a String method in Go. */
export function stringerText(value: Value): string | undefined {
  if (value.kind === 'time') return timeText(value.value);
  if (value.kind === 'location') return value.value.name;
  if (value.kind !== 'int') return undefined;
  const number = Number(value.value);
  switch (value.type) {
    case 'time.Duration': return durationText(value.value);
    case 'time.Month': return MONTHS[number - 1] ?? `%!Month(${number})`;
    case 'time.Weekday': return WEEKDAYS[number] ?? `%!Weekday(${number})`;
    default: return undefined;
  }
}

export class Printer {
  readonly #context: CallContext;
  #out = '';
  /** Inside a diagnostic: methods are not asked any more. */
  #diagnosing = false;
  flags: Flags = noFlags();

  constructor(context: CallContext) {
    this.#context = context;
  }

  get text(): string {
    return this.#out;
  }

  write(text: string): void {
    this.#context.spend(text.length);
    this.#out += text;
  }

  /** Before text of that width is made. */
  #charge(): void {
    this.#context.spend(1 + (this.flags.width ?? 0) + (this.flags.precision ?? 0));
  }

  /** An operand as it stands in the argument list. */
  print(value: Value, verb: string): void {
    this.#charge();
    if (value.kind === 'invalid') {
      if (verb === 'T' || verb === 'v') this.write(pad('<nil>', this.flags));
      else this.write(`%!${verb}(<nil>)`);
    } else if (verb === 'T') this.write(layText(value.type, this.flags));
    else if (verb === 'p') this.#pointer(value, 'p');
    else if (value.kind === 'slice' && value.type === '[]uint8') this.#byteSlice(value, verb);
    else if (!this.#byMethod(value, verb)) this.#value(value, verb, 0);
  }

  #byMethod(value: TypedValue, verb: string): boolean {
    if (this.#diagnosing) return false;
    if (verb === 'w') {
      this.#diagnose(value, verb);
      return true;
    }
    if (this.flags.sharpV) {
      if (value.kind !== 'time') return false;
      this.write(layText(timeGoText(value.value), this.flags));
      return true;
    }
    const text = 'vsxXq'.includes(verb) ? stringerText(value) : undefined;
    if (text !== undefined) this.#string(text, verb, value);
    return text !== undefined;
  }

  #diagnose(value: TypedValue, verb: string): void {
    this.#diagnosing = true;
    this.write(`%!${verb}(${typeName(value)}=`);
    this.#value(value, 'v', 0);
    this.write(')');
    this.#diagnosing = false;
  }

  #nested(value: TypedValue, verb: string): void {
    this.#charge();
    if (!this.#byMethod(value, verb)) this.#value(value, verb, 1);
  }

  #value(value: TypedValue, verb: string, depth: number): void {
    switch (value.kind) {
      case 'bool':
        return verb === 't' || verb === 'v' ? this.write(pad(String(value.value), this.flags)) : this.#diagnose(value, verb);
      case 'int': case 'uint': return this.#integer(value, verb);
      case 'float': return this.#float(value.value, verb, value);
      case 'complex': return this.#complex(value.re, value.im, verb, value);
      case 'string': return this.#string(value.value, verb, value);
      case 'slice': return this.#list(itemsOf(value), value.type, verb);
      case 'map': return this.#map(value.entries, verb);
      case 'time': return this.#time(value, verb);
      case 'location': return this.#pointer(value, verb);
      case 'info': return this.#info(value, verb, depth);
    }
  }

  #string(text: string, verb: string, value: TypedValue): void {
    this.#context.spend(text.length);
    const { flags } = this;
    switch (verb) {
      case 'v': return this.write(flags.sharpV ? layQuoted(text, flags) : layText(text, flags));
      case 's': return this.write(layText(text, flags));
      case 'q': return this.write(layQuoted(text, flags));
      case 'x': case 'X': return this.write(layHex(text, flags, verb === 'X'));
      default: return this.#diagnose(value, verb);
    }
  }

  #integer(value: Extract<TypedValue, { kind: 'int' | 'uint' }>, verb: string): void {
    const { flags } = this;
    switch (verb) {
      case 'v':
        if (flags.sharpV && value.kind === 'uint') return this.write(layInteger(value.value, 'x', { ...flags, sharp: true }));
        return this.write(layInteger(value.value, 'd', flags));
      case 'd': case 'b': case 'o': case 'O': case 'x': case 'X': return this.write(layInteger(value.value, verb, flags));
      case 'c': case 'q': return this.write(layRune(value.value, flags, verb === 'q'));
      case 'U': return this.write(layCodePoint(value.value, flags));
      default: return this.#diagnose(value, verb);
    }
  }

  #float(number: number, verb: string, value: TypedValue): void {
    switch (verb) {
      case 'v': return this.write(layFloat(number, 'g', -1, this.flags));
      case 'b': case 'g': case 'G': case 'x': case 'X': return this.write(layFloat(number, verb, -1, this.flags));
      case 'f': case 'e': case 'E': return this.write(layFloat(number, verb, 6, this.flags));
      case 'F': return this.write(layFloat(number, 'f', 6, this.flags));
      default: return this.#diagnose(value, verb);
    }
  }

  #complex(re: number, im: number, verb: string, value: TypedValue): void {
    if (!'vbgGxXfFeE'.includes(verb)) return this.#diagnose(value, verb);
    const outer = this.flags;
    this.write('(');
    this.#float(re, verb, value);
    this.flags = { ...outer, plus: true };
    this.#float(im, verb, value);
    this.flags = outer;
    this.write('i)');
  }

  #list(items: readonly Value[], type: string, verb: string): void {
    const goSyntax = this.flags.sharpV;
    this.write(goSyntax ? `${type}{` : '[');
    items.forEach((item, index) => {
      if (index > 0) this.write(goSyntax ? ', ' : ' ');
      if (item.kind !== 'invalid') this.#nested(item, verb);
    });
    this.write(goSyntax ? '}' : ']');
  }

  #byteSlice(value: SliceValue, verb: string): void {
    if ('sqxX'.includes(verb)) return this.#string(bytesOf(value), verb, value);
    return this.#list(itemsOf(value), verb === 'v' || verb === 'd' ? '[]byte' : value.type, verb);
  }

  #map(entries: ReadonlyMap<string, TypedValue>, verb: string): void {
    const goSyntax = this.flags.sharpV;
    this.write(goSyntax ? 'map[string]string{' : 'map[');
    let first = true;
    for (const [key, value] of entries) {
      if (!first) this.write(goSyntax ? ', ' : ' ');
      first = false;
      this.#nested({ kind: 'string', type: 'string', value: key }, verb);
      this.write(':');
      this.#nested(value, verb);
    }
    this.write(goSyntax ? '}' : ']');
  }

  #info(value: InfoValue, verb: string, depth: number): void {
    const isPointer = value.type === '*logger.Info';
    if (isPointer && depth > 0) return this.#pointer(value, verb);
    const { sharpV, plusV } = this.flags;
    this.write(`${isPointer ? '&' : ''}${sharpV ? 'logger.Info' : ''}{`);
    let first = true;
    for (const [name, field] of value.fields) {
      if (!first) this.write(sharpV ? ', ' : ' ');
      first = false;
      if (sharpV || plusV) this.write(`${name}:`);
      const content = field();
      if (content.kind !== 'invalid') this.#nested(content, verb);
    }
    this.write('}');
  }

  /** What Go shows of the struct's private parts: nanoseconds, seconds since the year 1, and the zone's pointer, nil for UTC. */
  #time(value: Extract<TypedValue, { kind: 'time' }>, verb: string): void {
    const { nanos, seconds, zone } = value.value;
    this.write('{');
    this.#nested(uint(nanos, 'uint64'), verb);
    this.write(' ');
    this.#nested(int(seconds + UNIX_TO_YEAR_ONE, 'int64'), verb);
    this.write(' ');
    this.#pointer({ kind: 'location', type: '*time.Location', value: zone }, verb);
    this.write('}');
  }

  #pointer(value: TypedValue, verb: string): void {
    const isPointer = value.kind === 'map' || value.kind === 'slice' || value.kind === 'location' || value.type === '*logger.Info';
    if (!isPointer) return this.#diagnose(value, verb);
    const address = value.kind === 'location' && value.value.name === 'UTC' && verb !== 'p' ? 0n : ADDRESS;
    if (verb === 'v' && address === 0n) return this.write(pad('<nil>', this.flags));
    if (verb === 'v' || verb === 'p') return this.write(layInteger(address, 'x', { ...this.flags, sharp: !this.flags.sharp }));
    if ('bodxX'.includes(verb)) return this.write(layInteger(address, verb, this.flags));
    return this.#diagnose(value, verb);
  }
}

/** Go's Sprint: blanks only between two operands of which neither is a string. */
export function sprint(values: readonly Value[], context: CallContext): string {
  const printer = new Printer(context);
  values.forEach((value, index) => {
    if (index > 0 && value.kind !== 'string' && values[index - 1]?.kind !== 'string') printer.write(' ');
    printer.print(value, 'v');
  });
  return printer.text;
}

export function sprintln(values: readonly Value[], context: CallContext): string {
  const printer = new Printer(context);
  values.forEach((value, index) => {
    if (index > 0) printer.write(' ');
    printer.print(value, 'v');
  });
  printer.write('\n');
  return printer.text;
}

/** What a bare action prints: a pointer is followed, nothing is `<no value>`. */
export function printable(value: Value): Value {
  if (value.kind === 'invalid') return { kind: 'string', type: 'string', value: '<no value>' };
  return value.kind === 'info' ? { ...value, type: 'logger.Info' } : value;
}
