/** The name of a run as the page shows it. */
import type { Run } from '../api/types.ts';

interface RunName {
  /** The manifest's name within its bucket, or undefined where there is none. */
  readonly manifest: string | undefined;
  /** What it started, in the words of the API. */
  readonly operation: Run['operation'];
}

/** `cos-fetch/<region>/<bucket>/<name>` by its name alone: the target stands elsewhere. */
export function nameOf({ source, operation }: Run): RunName {
  const key = source?.key;
  const manifest = key?.startsWith('cos-fetch/') ? key.split('/').slice(3).join('/') : undefined;
  const shown = manifest?.replace(STAMP, '').replace(MARK, '');
  return { manifest: shown || (key?.startsWith('fetches/') ? undefined : key), operation };
}

/** What `manifestKey` puts before the name of a file. */
const STAMP = /^\d{4}-\d\d-\d\d\/\d{9}-(?=.)/;

/** The fingerprint that `waybill submit` puts before the name of a file. */
const MARK = /(?<=^|\/)[0-9a-f]{12}(?:\.[0-9a-z]+)?-(?=[^/]+$)/;

export const targetOf = ({ target }: Run): string | undefined =>
  target && `${target.bucket} · ${target.region}`;
