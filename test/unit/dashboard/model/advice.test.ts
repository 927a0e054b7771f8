import { describe, expect, it } from 'vitest';
import type { Cause, Run } from '../../../../dashboard/api/types.ts';
import { adviceOf } from '../../../../dashboard/model/advice.ts';
import { createTranslate } from '../../../../dashboard/text/translate.ts';
import { newRun } from '../runs.ts';

const t = createTranslate('en');
const cause = (code: string, kind: Cause['class']): Cause => ({
  provider: 'waybill',
  code,
  message: 'the message',
  class: kind,
});
const runOf = (key: string, parts: Partial<Run> = {}): Run =>
  newRun({ state: 'failed', source: { bucket: 'manifests', key, etag: 'e' }, ...parts });
const GOOD = 'cos-fetch/ap-shanghai/examplebucket-1250000000/videos.csv';

describe('advice for a run that could not be carried out', () => {
  const adviceFor = (run: Run, error: Cause) => t(adviceOf(error, run, 'run'));

  it.each([
    'cos-fetch/shanghai/examplebucket-1250000000/videos.csv',
    'cos-fetch/ap-shanghai/examplebucket/videos.csv',
    'cos-fetch/ap-shanghai/examplebucket-1250000000/videos.txt',
    'cos-fetch/videos.csv',
  ])('of the manifest %s says where a manifest belongs, and names no report', (key) => {
    const advice = adviceFor(runOf(key), cause('MANIFEST_INVALID', 'request'));
    expect(advice).toContain('cos-fetch/<region>/<bucket-appid>/<name>.csv');
    expect(advice).not.toContain('failed.csv');
  });

  it('says to fix the file where its name is right but its text is not', () => {
    const advice = adviceFor(runOf(GOOD), cause('MANIFEST_INVALID', 'request'));
    expect(advice).toMatch(/^Fix the file/);
    expect(advice).not.toContain('cos-fetch/');
  });

  it.each([
    ['cos-batch/job.json', 'cos-batch-job'],
    ['oms/tasks.csv', 'oms-v2-start-task'],
  ] as const)('of %s does not send it to the folder of manifests', (key, operation) => {
    const advice = adviceFor(runOf(key, { operation }), cause('MANIFEST_INVALID', 'request'));
    expect(advice).toMatch(/^Fix the file/);
  });

  it.each([
    ['MANIFEST_CHANGED', 'request', 'new name'],
    ['CREDENTIALS_REFUSED', 'credentials', 'key'],
    ['COVERAGE_BROKEN', 'state', 'Report'],
    ['STORE_FAILED', 'transient', 'disk'],
    ['CLOCK_APART', 'transient', 'clock'],
  ] as const)('%s is answered by its own advice', (code, kind, word) => {
    expect(adviceFor(runOf(GOOD), cause(code, kind))).toContain(word);
  });

  it.each([
    'transient',
    'throttled',
    'quota',
    'credentials',
    'source',
    'request',
    'state',
  ] as const)('of class %s never speaks of a line in failed.csv: there is none', (kind) => {
    expect(adviceFor(runOf(GOOD), cause('NEW_CODE', kind))).not.toContain('failed.csv');
  });
});

describe('advice for failures of transfers', () => {
  it('of a manifest sends a refused line back by failed.csv', () => {
    const advice = adviceOf(cause('InvalidArgument', 'request'), newRun(), 'transfer');
    expect(t(advice)).toContain('failed.csv');
  });

  it('of a wrong MD5 does not ask whether the source is there: it was read', () => {
    const advice = t(adviceOf(cause('MD5Mismatch', 'source'), newRun(), 'transfer'));
    expect(advice).toContain('MD5');
    expect(advice).not.toContain('missing');
  });

  it.each(['cos-batch-job', 'oms-v2-start-task', 'oms-v1-start-task'] as const)(
    'of %s names no line and no source URL: there are none',
    (operation) => {
      const run = newRun({ operation });
      expect(t(adviceOf(cause('OMS.0065', 'request'), run, 'transfer'))).not.toContain('line');
      expect(t(adviceOf(cause('TRF.0004', 'source'), run, 'transfer'))).not.toContain('URL');
    },
  );
});
