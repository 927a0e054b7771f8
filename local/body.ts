/**
 * Reads request bodies whole, each within a size and a time, and all of them within a memory
 * budget.
 */
import type { IncomingMessage } from 'node:http';

/** As on API Gateway. */
const MAX_BODY_BYTES = 6_291_456;
/** Anybody may send a body; that there is no token with it is seen only afterwards. */
const MAX_HELD_BYTES = 134_217_728;

/** Why there is no body. */
export type NoBody = 'late' | 'long' | 'full';

export interface BodyOptions {
  /** It must arrive whole within this time. */
  readonly limitMs: number;
  /** Of all bodies that are being read. @default 128 MiB */
  readonly maxHeldBytes?: number | undefined;
}

export function createBodies({ limitMs, maxHeldBytes = MAX_HELD_BYTES }: BodyOptions) {
  let heldBytes = 0;

  /** Listeners, because iterating costs more than most bodies. */
  return (request: IncomingMessage): Promise<Buffer | NoBody> =>
    new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      let sizeBytes = 0;
      let isOver = false;
      const end = (given?: NoBody): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        heldBytes -= sizeBytes;
        resolve(given ?? Buffer.concat(parts));
        parts.length = 0;
      };
      const timer = setTimeout(() => end('late'), limitMs);
      request.on('data', (part: Buffer) => {
        if (isOver) return;
        sizeBytes += part.length;
        heldBytes += part.length;
        if (sizeBytes > MAX_BODY_BYTES) end('long');
        else if (heldBytes > maxHeldBytes) end('full');
        else parts.push(part);
      });
      request.on('end', () => end());
      request.on('error', reject);
      // Of one that broke off, nobody waits for the answer.
      request.on('close', () => end('late'));
    });
}
