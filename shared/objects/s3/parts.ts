/** Content of any length as parts of one size, of which no more than one is held. */
import type { Content } from '../port.ts';

/** Of the first buffer: most objects are small. */
const FIRST_BYTES = 65_536;

/**
 * Parts of `partBytes`, the last one shorter; none for empty content. What the source gives is copied,
 * as it may fill one buffer again and again, and many small pieces would weigh more than their bytes.
 */
export async function* partsOf(content: Content, partBytes: number): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    for (let at = 0; at < content.length; at += partBytes) {
      yield content.subarray(at, at + partBytes);
    }
    return;
  }
  let held: Buffer = Buffer.alloc(0);
  let heldBytes = 0;
  for await (const piece of typeof content === 'string' ? [content] : content) {
    let bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    while (bytes.length > 0) {
      const taken = bytes.subarray(0, partBytes - heldBytes);
      held = withRoom(held, heldBytes, taken.length, partBytes);
      held.set(taken, heldBytes);
      heldBytes += taken.length;
      bytes = bytes.subarray(taken.length);
      if (heldBytes < partBytes) continue;
      // Whoever takes it is done with it when the next one is asked for.
      yield held.subarray(0, heldBytes);
      heldBytes = 0;
    }
  }
  if (heldBytes > 0) yield held.subarray(0, heldBytes);
}

/** `held`, or a buffer at least twice as long with its first `heldBytes`. */
function withRoom(held: Buffer, heldBytes: number, more: number, partBytes: number): Buffer {
  const needed = heldBytes + more;
  if (needed <= held.length) return held;
  const length = Math.min(partBytes, Math.max(FIRST_BYTES, 2 * held.length, needed));
  const longer = Buffer.allocUnsafeSlow(length);
  longer.set(held.subarray(0, heldBytes));
  return longer;
}
