/** Conditions of a read: `If-Match` and the like, in the order of RFC 9110, section 13.2.2. */

export interface Version {
  /** With its double quotes. */
  readonly etag: string;
  readonly lastModifiedAt: Date;
}

export const CONDITIONS = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
] as const;

/** The status that a condition makes of the answer; undefined when the object is to be read. */
export function statusOfConditions(
  headers: Readonly<Record<string, string>>,
  { etag, lastModifiedAt }: Version,
): 304 | 412 | undefined {
  const [match, noneMatch, since, unmodified] = CONDITIONS.map((name) => headers[name]);
  // HTTP dates have no fractions of a second.
  const changedAt = Math.floor(lastModifiedAt.getTime() / 1_000) * 1_000;
  const isChangedAfter = (date: string) => changedAt > Date.parse(date);
  if (match !== undefined) {
    if (!names(match, etag)) return 412;
  } else if (unmodified !== undefined && isChangedAfter(unmodified)) return 412;
  if (noneMatch !== undefined) return names(noneMatch, etag) ? 304 : undefined;
  if (since === undefined || Number.isNaN(Date.parse(since))) return undefined;
  return isChangedAfter(since) ? undefined : 304;
}

/** Whether a list of ETags names this one; without quotes too, as both services take it. */
const names = (list: string, etag: string): boolean =>
  list.split(',').some((one) => ['*', etag, etag.slice(1, -1)].includes(one.trim()));
