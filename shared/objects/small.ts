/** Reads a small document of the store whole. */
import { InputError } from '../errors.ts';
import type { ObjectInfo, Objects } from './port.ts';

const MAX_BYTES = 1_048_576;

/**
 * @throws InputError (MANIFEST_INVALID) when it is longer than 1 MiB or no UTF-8; what the store throws
 */
export async function readSmall(
  objects: Pick<Objects, 'read'>,
  { key, etag, sizeBytes }: ObjectInfo,
): Promise<string> {
  const invalid = (message: string): InputError =>
    new InputError('MANIFEST_INVALID', `${key}: ${message}.`, [{ path: '(whole)', message }]);
  if (sizeBytes > MAX_BYTES) throw invalid(`expected at most ${MAX_BYTES} bytes`);
  const parts: Uint8Array[] = [];
  for await (const part of objects.read(key, { ifMatch: etag })) parts.push(part);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch {
    throw invalid('expected UTF-8');
  }
}
