import { expect, it } from 'vitest';
import { isManifestName, manifestKey } from '../../../../dashboard/model/place.ts';
import { parseManifestKey } from '../../../../shared/manifest/key.ts';

const at = new Date('2026-11-20T14:32:05.678Z');

it.each(['videos.csv', 'videos.jsonl.gz', '照片 (1).csv', '..csv', 'a/b\\c\u0000.csv'])(
  'the key for %j is one that the service takes, and new each time',
  (name) => {
    const key = manifestKey('ap-shanghai', 'examplebucket-1250000000', name, at);
    expect(parseManifestKey(key).target).toEqual({
      region: 'ap-shanghai',
      bucket: 'examplebucket-1250000000',
    });
    expect(key.split('/')).toHaveLength(5);
    expect(key).toContain('/2026-11-20/143205678-');
    expect(manifestKey('ap-shanghai', 'b-1250000000', name, new Date(at.getTime() + 1))).not.toBe(
      manifestKey('ap-shanghai', 'b-1250000000', name, at),
    );
  },
);

it('tells manifests by their names', () => {
  expect(['a.csv', 'a.csv.gz', 'a.jsonl', 'a.jsonl.gz'].every(isManifestName)).toBe(true);
  expect(['a.CSV', '.csv', 'a.xlsx', 'a.gz', 'csv'].some(isManifestName)).toBe(false);
});
