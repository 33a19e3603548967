/** Bytes that live as long as their session. */

/**
 * Copies the parts into one block of their own, one behind the other. Small buffers that Node makes are pieces of a pool, and each keeps
 * 64 KiB of it in memory for as long as it is used: ten thousand sessions then hold on to what long requests have left between them.
 */
export function lasting<const Parts extends readonly Uint8Array[]>(...parts: Parts): { [Index in keyof Parts]: Buffer } {
  const block = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  return parts.map((part) => {
    block.set(part, at);
    return block.subarray(at, at += part.length);
  }) as { [Index in keyof Parts]: Buffer };
}
