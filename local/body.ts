/**
 * Reads request bodies whole, each within a size and a time, and all of them within a memory
 * budget.
 */
import type { IncomingMessage } from 'node:http';

/** As on API Gateway. */
const MAX_BODY_BYTES = 6_291_456;
/** Of callers with a token. */
const MAX_HELD_BYTES = 134_217_728;
/** Of everybody else: so much of the memory is theirs, and no request of others waits for it. */
const MAX_PUBLIC_BYTES = 16_777_216;

/** Why there is no body. */
export type NoBody = 'late' | 'long' | 'full';

interface BodiesOptions {
  /** A body must arrive whole within this time. */
  readonly limitMs: number;
  /** Of all bodies that are being read, public ones aside. @default 128 MiB */
  readonly maxHeldBytes?: number | undefined;
  /** Of all bodies of public routes that are being read. @default 16 MiB */
  readonly maxPublicBytes?: number | undefined;
}

interface BodyOptions {
  /** @default 6 MiB */
  readonly maxBytes?: number | undefined;
  readonly isPublic?: boolean | undefined;
}

export function createBodies({
  limitMs,
  maxHeldBytes = MAX_HELD_BYTES,
  maxPublicBytes = MAX_PUBLIC_BYTES,
}: BodiesOptions) {
  const ours = { heldBytes: 0, maxBytes: maxHeldBytes };
  const theirs = { heldBytes: 0, maxBytes: maxPublicBytes };

  /** Listeners, because iterating costs more than most bodies. */
  return (
    request: IncomingMessage,
    { maxBytes = MAX_BODY_BYTES, isPublic = false }: BodyOptions = {},
  ): Promise<Buffer | NoBody> =>
    new Promise((resolve, reject) => {
      if (Number(request.headers['content-length']) > maxBytes) return resolve('long');
      const room = isPublic ? theirs : ours;
      const parts: Buffer[] = [];
      let sizeBytes = 0;
      let isOver = false;
      const end = (given?: NoBody): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        room.heldBytes -= sizeBytes;
        resolve(given ?? Buffer.concat(parts));
        parts.length = 0;
      };
      const timer = setTimeout(() => end('late'), limitMs);
      request.on('data', (part: Buffer) => {
        if (isOver) return;
        sizeBytes += part.length;
        room.heldBytes += part.length;
        if (sizeBytes > maxBytes) end('long');
        else if (room.heldBytes > room.maxBytes) end('full');
        else parts.push(part);
      });
      request.on('end', () => end());
      request.on('error', reject);
      // Of one that broke off, nobody waits for the answer.
      request.on('close', () => end('late'));
    });
}
