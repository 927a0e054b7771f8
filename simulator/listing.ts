/** A page of a bucket's keys, as COS and OBS list them: in byte order, folders rolled up. */

export interface ListingQuery {
  readonly prefix: string;
  /** Empty lists every key by itself. */
  readonly delimiter: string;
  /** Where the page begins: after this key or folder. */
  readonly marker: string;
  /** Keys and folders together. */
  readonly most: number;
}

export interface Listing<Stored> {
  readonly objects: readonly (readonly [key: string, object: Stored])[];
  /** Ends of keys up to the delimiter behind the prefix. */
  readonly folders: readonly string[];
  /** The marker of the next page; undefined for the last one. */
  readonly next: string | undefined;
}

export function listKeys<Stored>(
  entries: Iterable<readonly [key: string, object: Stored]>,
  { prefix, delimiter, marker, most }: ListingQuery,
): Listing<Stored> {
  const after = Buffer.from(marker);
  const fitting = [...entries]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, object]) => ({ key, bytes: Buffer.from(key), object }))
    .filter(({ bytes }) => bytes.compare(after) > 0)
    .sort((a, b) => a.bytes.compare(b.bytes));
  const objects: [string, Stored][] = [];
  const folders = new Set<string>();
  let last: string | undefined;
  for (const { key, object } of fitting) {
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const folder = end === -1 ? undefined : key.slice(0, end + delimiter.length);
    if (folder !== undefined && (folders.has(folder) || folder === marker)) continue;
    if (objects.length + folders.size === most)
      return { objects, folders: [...folders], next: last };
    if (folder === undefined) objects.push([key, object]);
    else folders.add(folder);
    last = folder ?? key;
  }
  return { objects, folders: [...folders], next: undefined };
}
