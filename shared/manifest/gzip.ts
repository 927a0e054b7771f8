/** Unpacks a gzip object as a stream, also with several members in a row, in constant memory. */
import { pipeline, Readable } from 'node:stream';
import type { Gunzip } from 'node:zlib';
import { InputError } from '../lib/errors.ts';
import type { ObjectInfo, Objects } from '../stores/objects.ts';

/**
 * Unpacks the object `info`.
 * @throws InputError (MANIFEST_INVALID) that names the byte where the data is cut off, damaged, or
 *   followed by something else than zeros (which tapes and block devices leave);
 *   (MANIFEST_CHANGED) when it is no longer the version of `info`
 */
export async function* gunzip(
  objects: Pick<Objects, 'read'>,
  info: Pick<ObjectInfo, 'key' | 'etag' | 'sizeBytes'>,
): AsyncGenerator<Uint8Array> {
  // Few lists are packed, and a cold start would load zlib for each.
  const { createGunzip } = await import('node:zlib');
  const unpacker = createGunzip({ chunkSize: 65_536 });
  const packed = checkMagic(objects.read(info.key, { ifMatch: info.etag }), info.key);
  // An error reaches the loop below through the unpacker; nothing is left to do here.
  pipeline(Readable.from(packed, { highWaterMark: 1 }), unpacker, () => {});
  let unpackedBytes = 0;
  try {
    for await (const chunk of unpacker as AsyncIterable<Buffer>) {
      unpackedBytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw explain(error, unpacker, unpackedBytes, info.key);
  }
  // zlib takes a zero after a member for the end and drops what follows, be it another member.
  await expectZeros(objects, info, unpacker.bytesWritten);
}

async function* checkMagic(packed: AsyncIterable<Uint8Array>, key: string) {
  let seen = 0;
  for await (const chunk of packed) {
    for (const [index, byte] of [0x1f, 0x8b].entries()) {
      const found = chunk[index - seen];
      if (index >= seen && found !== undefined && found !== byte) {
        throw invalid(key, 'the name ends in .gz, but the file is not packed with gzip');
      }
    }
    seen += chunk.length;
    yield chunk;
  }
}

async function expectZeros(
  objects: Pick<Objects, 'read'>,
  { key, etag, sizeBytes }: Pick<ObjectInfo, 'key' | 'etag' | 'sizeBytes'>,
  start: number,
): Promise<void> {
  if (start >= sizeBytes) return;
  let position = start;
  for await (const chunk of objects.read(key, { start, ifMatch: etag })) {
    const index = chunk.findIndex((byte) => byte !== 0);
    if (index !== -1)
      throw invalid(key, `byte ${position + index} follows the end of the gzip data`);
    position += chunk.length;
  }
}

/** zlib says how far it got in whole chunks of input. */
function explain(error: unknown, { bytesWritten }: Gunzip, unpackedBytes: number, key: string) {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (!code.startsWith('Z_')) return error;
  const at = `byte ${bytesWritten} (byte ${unpackedBytes} unpacked)`;
  if (code === 'Z_BUF_ERROR') return invalid(key, `the gzip data is cut off at ${at}`, error);
  const { message } = error as Error;
  return invalid(key, `the gzip data is damaged at or after ${at}: ${message}`, error);
}

function invalid(key: string, message: string, cause?: unknown): InputError {
  const errors = [{ path: key, message }];
  return new InputError('MANIFEST_INVALID', `Manifest ${key}: ${message}.`, errors, cause);
}
