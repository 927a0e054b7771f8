/**
 * The port of the object store, which holds manifests and reports. Adapters pass
 * `test/contract/objects.ts`. Keys are plain decoded text without a leading slash; an adapter refuses
 * `..`, empty segments and control characters with InputError (BODY_INVALID, path `key`).
 */
import { InputError } from '../lib/errors.ts';

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** Opaque and without quotes; changes whenever the content is written again. */
  readonly etag: string;
  readonly lastModifiedAt: Date;
}

export interface ReadOptions {
  /** First byte. @default 0 */
  readonly start?: number;
  /** Byte after the last one; beyond the size it means the size. @default the size */
  readonly end?: number;
  /** Refuse when the object is no longer this version: InputError (MANIFEST_CHANGED). */
  readonly ifMatch?: string;
}

export type Content =
  | string
  | Uint8Array
  | Iterable<Uint8Array>
  | AsyncIterable<string | Uint8Array>;

export interface Objects {
  /** The bucket's name, or the folder's path in the embedded store. */
  readonly bucket: string;
  /** Undefined when there is no such object. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /**
   * Streams bytes `start` to `end` (exclusive); an absent object is InputError (NOT_FOUND). With
   * `ifMatch`, a change noticed while reading throws MANIFEST_CHANGED as well.
   */
  read(key: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** Writes the whole object, visible only once complete. */
  put(key: string, content: Content): Promise<ObjectInfo>;
  /** In byte order of the keys. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Nothing happens when it is absent. */
  remove(key: string): Promise<void>;
}

/** Where somebody with a token may put a manifest, and read what is too long for an answer. */
export interface UploadPlace {
  readonly method: 'PUT';
  /** Relative to the service, which wants the token too; or absolute, and signed. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Uploads {
  /** Of absolute addresses. */
  readonly origin?: string;
  /** @param key decoded, already checked */
  place(key: string): Promise<UploadPlace>;
  /** A signed address to read an object, where a store has such. */
  readonly reading?: (key: string) => Promise<string>;
}

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
