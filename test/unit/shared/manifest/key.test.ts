import { expect, it } from 'vitest';
import { parseManifestKey } from '../../../../shared/manifest/key.ts';

const base = 'cos-fetch/ap-shanghai/examplebucket-1250000000';
const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };

it.each([
  [`${base}/2026-11-20/videos.csv`, { format: 'csv', gzip: false }],
  [`${base}/videos.csv.gz`, { format: 'csv', gzip: true }],
  [`${base}/a.b/c.d.jsonl`, { format: 'jsonl', gzip: false }],
  [`${base}/视频 1.jsonl.gz`, { format: 'jsonl', gzip: true }],
])('reads target and layout from %s', (key, layout) => {
  expect(parseManifestKey(key)).toEqual({ target, layout });
});

it.each(['na-siliconvalley', 'ap-shenzhen-fsi', 'ap-beijing-1'])(
  'knows the region %s',
  (region) => {
    const key = `cos-fetch/${region}/b-1250000000/a.csv`;
    expect(parseManifestKey(key).target).toEqual({ region, bucket: 'b-1250000000' });
  },
);

it.each([
  ['cos-batch/ap-shanghai/job.json', 'expected cos-fetch/<region>/<bucket-appid>/<name>.csv'],
  ['cos-fetch/Shanghai/b-1250000000/a.csv', 'the region "Shanghai"'],
  ['cos-fetch//b-1250000000/a.csv', 'the region ""'],
  ['cos-fetch/ap-shanghai/examplebucket/a.csv', 'the bucket "examplebucket"'],
  ['cos-fetch/ap-shanghai/logs-2026/a.csv', 'the bucket "logs-2026"'],
  ['cos-fetch/ap-shanghai/a.csv', 'the bucket "a.csv"'],
  [`${base}/`, 'the file name is missing'],
  [base, 'the file name is missing'],
  [`${base}/.csv`, 'the file name before ".csv" is missing'],
  [`${base}/videos.txt`, '"videos.txt" must end in .csv'],
  [`${base}/videos.CSV`, 'in lower case'],
  [`${base}/videos.csv.zip`, '"videos.csv.zip" must end in .csv'],
  [`${base}/videos.gz`, '"videos.gz" must end in .csv'],
])('refuses %s and says why', (key, message) => {
  expect(() => parseManifestKey(key)).toThrow(
    expect.objectContaining({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining(message),
      errors: [{ path: 'key', message: expect.any(String) }],
    }),
  );
});
