/**
 * Decides when a file that another program writes is complete. No event says so, so the file must
 * stay unchanged for as long as copies usually stall. Times are those of this process: the clock of
 * a file server may differ.
 */
import type { ObjectInfo, Objects } from '../shared/stores/objects.ts';

/** A file as it was seen. */
export interface SeenFile {
  readonly etag: string;
  readonly sizeBytes: number;
  /** It ends where no whole file ends: within a line, or empty. */
  readonly isOpen: boolean;
  readonly firstSeenAt: number;
  /** When this version was first seen. */
  readonly changedAt: number;
}

/** Copies over a network stall for seconds. */
export const QUIET_MS = 10_000;

/** A large file has more to lose, and is copied by more requests, of which each may stall. */
const BYTES_PER_MS = 10_000;

/** A last line without its line feed is perhaps half a line. */
const OPEN_FACTOR = 6;

/** Silence of this many times `quietMs` is the end of every copy. */
const MAX_FACTOR = 60;

/**
 * Whether a file has been silent for long enough: `quietMs`, as long as it was seen growing, and a second
 * for each 10 MB; six times as long where its end is open.
 * @param quietMs of a small file that was never seen growing
 */
export function isSettled(file: SeenFile, now: number, quietMs = QUIET_MS): boolean {
  const { firstSeenAt, changedAt, sizeBytes, isOpen } = file;
  const neededMs = quietMs + (changedAt - firstSeenAt) + sizeBytes / BYTES_PER_MS;
  const factor = isOpen ? OPEN_FACTOR : 1;
  return now - changedAt >= Math.min(factor * neededMs, MAX_FACTOR * quietMs);
}

/** What is seen of a file now; `before` is what was seen of it last. */
export async function seeFile(
  objects: Pick<Objects, 'read'>,
  info: ObjectInfo,
  now: number,
  before: SeenFile | undefined,
): Promise<SeenFile> {
  const { etag, sizeBytes } = info;
  if (before?.etag === etag) return before;
  const isOpen = !PACKED.test(info.key) && !(await endsWhole(objects, info));
  return { etag, sizeBytes, isOpen, firstSeenAt: before?.firstSeenAt ?? now, changedAt: now };
}

/** Of a packed manifest that breaks off nothing is sent. */
const PACKED = /\.gz$/;

/** Lines end with a line feed, a JSON document with a bracket. */
async function endsWhole(objects: Pick<Objects, 'read'>, info: ObjectInfo): Promise<boolean> {
  const { key, sizeBytes } = info;
  let last = '';
  const start = Math.max(0, sizeBytes - 1);
  for await (const part of objects.read(key, { start, end: sizeBytes })) {
    last = String.fromCharCode(part.at(-1) ?? 0);
  }
  return last === '\n' || (/\.json$/.test(key) && /[}\]]/.test(last));
}
