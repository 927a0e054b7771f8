/** Reads a small document of the store whole. */
import { InputError } from '../errors.ts';
import type { ObjectInfo, Objects } from './port.ts';

const MAX_BYTES = 1_048_576;

/**
 * @param maxBytes by default 1 MiB
 * @throws InputError (MANIFEST_INVALID) when it is longer than `maxBytes` or no UTF-8; what the store throws
 */
export async function readSmall(
  objects: Pick<Objects, 'read'>,
  { key, etag, sizeBytes }: ObjectInfo,
  maxBytes = MAX_BYTES,
): Promise<string> {
  const invalid = (message: string): InputError =>
    new InputError('MANIFEST_INVALID', `${key}: ${message}.`, [{ path: '(whole)', message }]);
  if (sizeBytes > maxBytes) throw invalid(`expected at most ${maxBytes} bytes`);
  const parts: Uint8Array[] = [];
  for await (const part of objects.read(key, { ifMatch: etag })) parts.push(part);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch {
    throw invalid('expected UTF-8');
  }
}
