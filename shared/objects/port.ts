/**
 * The object store that holds manifests and reports. Adapters pass `test/contract/objects.ts`.
 * Keys are plain decoded text without a leading slash; an adapter refuses `..`, empty segments and
 * control characters with InputError (BODY_INVALID, path `key`).
 */

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

export type Content = string | Uint8Array | AsyncIterable<string | Uint8Array>;

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
