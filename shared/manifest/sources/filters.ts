/** Chooses objects by key, size and time. */
import picomatch from 'picomatch';
import type { LeftOutReason, SourceObject } from './object.ts';

export interface Filters {
  /** Only keys that start with it. */
  readonly prefix?: string;
  /**
   * Globs over whole keys: `*` within a segment, `**` across; a pattern without a slash is compared
   * with the last segment. Any of them is enough. @default all keys
   */
  readonly include?: readonly string[];
  /** Wins over `include`. */
  readonly exclude?: readonly string[];
  readonly minSize?: bigint;
  readonly maxSize?: bigint;
  /** Modified at this time or later. */
  readonly modifiedSince?: Date;
}

type Matcher = (key: string) => boolean;

function anyOf(globs: readonly string[]): Matcher {
  const matchers = globs.map((glob): Matcher => {
    const matches = picomatch(glob, { dot: true, windows: false });
    return glob.includes('/')
      ? (key) => matches(key)
      : (key) => matches(key.slice(key.lastIndexOf('/') + 1));
  });
  return (key) => matchers.some((matches) => matches(key));
}

export interface Filter {
  byName(key: string): LeftOutReason | undefined;
  /** A field that the list doesn't tell leaves nothing out. */
  byFields(object: SourceObject): LeftOutReason | undefined;
}

export function createFilter(filters: Filters): Filter {
  const { prefix = '', include = [], exclude = [], minSize, maxSize, modifiedSince } = filters;
  const isIncluded = include.length === 0 ? () => true : anyOf(include);
  const isExcluded = anyOf(exclude);
  const since = modifiedSince?.getTime();
  const hasSizes = minSize !== undefined || maxSize !== undefined;

  return {
    byName: (key) => {
      if (!key.startsWith(prefix)) return 'OUTSIDE_PREFIX';
      return isIncluded(key) && !isExcluded(key) ? undefined : 'FILTERED_NAME';
    },
    byFields: ({ sizeBytes, modified }) => {
      if (hasSizes && sizeBytes !== undefined) {
        const size = BigInt(sizeBytes);
        if (size < (minSize ?? 0n) || (maxSize !== undefined && size > maxSize)) {
          return 'FILTERED_SIZE';
        }
      }
      if (since === undefined || modified === undefined) return undefined;
      return Date.parse(modified) < since ? 'FILTERED_TIME' : undefined;
    },
  };
}
