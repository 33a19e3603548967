/** Builds protobuf messages field by field, in any order, so that tests can write what the engine never would. */

export interface Field {
  readonly number: number;
  readonly wireType: 0 | 1 | 2 | 5;
  /** What stands behind the tag. */
  readonly value: Buffer;
}

/** `width`: at least so many bytes, with the padding that protobuf allows. */
export function varint(value: bigint, width = 1): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn || bytes.length + 1 < width) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

export function numberField(number: number, value: bigint, width = 1): Field {
  return { number, wireType: 0, value: varint(value, width) };
}

export function bytesField(number: number, bytes: Uint8Array): Field {
  return { number, wireType: 2, value: Buffer.concat([varint(BigInt(bytes.length)), bytes]) };
}

export function message(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(({ number, wireType, value }) => [varint(BigInt(number) << 3n | BigInt(wireType)), value]));
}

/** The engine's framing around any message. */
export function frame(content: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}
