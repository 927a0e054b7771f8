/** The table of who retries what agrees with the rules that the code has. */
import { expect, it } from 'vitest';
import type { Transfer } from '../../../shared/ledger/model.ts';
import { CAUSE_CLASSES, type CauseClass, ProviderError } from '../../../shared/lib/errors.ts';
import { shouldRetry } from '../../../shared/lib/retry.ts';
import {
  isForNight,
  isRequested,
  isRetryable,
  retryWaitMs,
} from '../../../shared/runs/retry-rules.ts';
import { readPage } from '../../fixtures/pages-of-docs.ts';

const AT = new Date(0);
const failed = (kind: CauseClass): Transfer => ({
  transferId: 'r.0.0',
  runId: 'r',
  shard: 0,
  line: 0,
  state: 'failed',
  attempt: 1,
  accepted: [],
  cause: { provider: 'tencent', code: 'X', message: '', class: kind },
  updatedAt: AT,
  history: [],
});
const refusal = (kind: CauseClass) =>
  new ProviderError('no', { provider: 'tencent', providerCode: 'X', status: 400, class: kind });

/** The cells of the row that begins so. */
function rowOf(start: string): readonly string[] {
  const row = readPage('docs/operations.md')
    .split('\n')
    .find((line) => line.startsWith(`| ${start}`));
  return (row ?? '').split(' | ');
}
const classesIn = (cell = ''): readonly string[] =>
  CAUSE_CLASSES.filter((kind) => cell.includes(`\`${kind}\``));

it.each<[string, (kind: CauseClass) => boolean]>([
  ['the request | a refusal', (kind) => shouldRetry(refusal(kind), 1)],
  ['the sweep | failed fetches', (kind) => isRetryable(failed(kind), 3)],
  ['the nightly pass | failed fetches', isForNight],
])('docs/operations.md names the classes of: %s', (start, isRetried) => {
  expect(classesIn(rowOf(start)[1])).toEqual(CAUSE_CLASSES.filter(isRetried));
});

it('docs/operations.md says that a person retries every class', () => {
  expect(rowOf('you:')[1]).toContain('every class');
  const later = [{ at: AT.getTime() + 1 }];
  expect(CAUSE_CLASSES.filter((kind) => isRequested(later, failed(kind)))).toEqual(CAUSE_CLASSES);
});

it('docs/operations.md says how long the sweep waits', () => {
  expect(rowOf('the sweep | failed fetches')[2]).toContain(`${retryWaitMs(1) / 1_000} s after`);
  expect(retryWaitMs(3)).toBe(2 * retryWaitMs(2));
});
