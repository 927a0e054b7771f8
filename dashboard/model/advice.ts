/** Advice on a failure: what to do, by its cause and by what failed. */
import { parseManifestKey } from '../../shared/manifest/key.ts';
import type { Cause, Run } from '../api/types.ts';
import type { TextKey } from '../text/types.ts';

const BY_CODE = {
  MANIFEST_CHANGED: 'do.manifestChanged',
  COVERAGE_BROKEN: 'do.report',
  UNEXPECTED: 'do.report',
  STORE_FAILED: 'do.store',
  CLOCK_APART: 'do.clock',
  RequestTimeTooSkewed: 'do.clock',
  MD5Mismatch: 'do.md5',
  OBJECTS_FAILED: 'do.objects',
  CANCELLED_OPEN: 'do.retry',
} as const satisfies Readonly<Record<string, TextKey>>;

const isKnown = (code: string): code is keyof typeof BY_CODE => Object.hasOwn(BY_CODE, code);

/** @param failed the run itself, or transfers within it */
export function adviceOf(
  { code, class: kind }: Pick<Cause, 'code' | 'class'>,
  { operation, source }: Pick<Run, 'operation' | 'source'>,
  failed: 'run' | 'transfer',
): TextKey {
  const isFetch = operation === 'cos-offline-fetch';
  if (code === 'MANIFEST_INVALID') {
    return isFetch && source && !isInPlace(source.key) ? 'do.manifestPlace' : 'do.manifest';
  }
  if (isKnown(code)) return BY_CODE[code];
  // Only transfers of a manifest have a line, and a source that can be opened.
  const hasLine = isFetch && failed === 'transfer';
  if (kind === 'request' && !hasLine) return 'do.request';
  if (kind === 'source' && !hasLine) return 'do.source';
  if (failed === 'run' && (kind === 'transient' || kind === 'state')) return 'do.retry';
  return `class.${kind}.do`;
}

function isInPlace(key: string): boolean {
  try {
    parseManifestKey(key);
    return true;
  } catch {
    return false;
  }
}
