/** What a plan counts, where sizes come from, and that its figures are those of the service. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { type PlanOptions, plan } from '../../../../cli/commands/plan.ts';
import type { Plan } from '../../../../cli/plan/shape.ts';
import { CASE, lines, PRICES } from '../../../../scripts/costs.ts';
import { PRICES as KNOWN } from '../../../../shared/plans/prices.ts';
import { cosFetchConfig } from '../../../../shared/wiring/config/functions.ts';
import { screen } from '../../../fixtures/runs.ts';
import { temporaryFolder } from '../../../fixtures/stores.ts';

const TO = 'ap-shanghai/examplebucket-1250000000';
const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

async function run(path: string, more: Partial<PlanOptions> = {}) {
  const [stdout, stderr] = [screen(), screen()];
  const options = { path, to: TO, allowHttps: false, json: true, env: {}, stdout, stderr };
  const now = () => Date.parse('2026-11-20T23:59:00Z');
  const code = await plan({ ...options, now, ...more });
  return { code, out: stdout.text(), err: stderr.text() };
}
const planned = async (path: string, more: Partial<PlanOptions> = {}): Promise<Plan> =>
  JSON.parse((await run(path, more)).out);

const SIZED = [
  'url,key,md5,Size',
  `http://a.example/1,k1,${MD5},1000`,
  'http://a.example/2,k2,,"2000"',
  '',
  'https://a.example/3,k3,,4000',
  'http://a.example/4,,,8000',
  'http://a.example/5,k1,,not known',
].join('\r\n');

describe('counts', () => {
  it('what is good, quarantined by reason, odd, and without md5', async () => {
    const path = file('m.csv', SIZED);
    expect(await planned(path, { rate: 2 })).toMatchObject({
      key: 'cos-fetch/ap-shanghai/examplebucket-1250000000/2026-11-20/m.csv',
      target: { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
      counts: { lines: 7, header: 1, blank: 1, good: 3, quarantined: 2 },
      quarantined: { URL_HTTPS: 1, KEY_EMPTY: 1 },
      warnings: { KEY_REPEATED: 1 },
      withoutMd5: 2,
      requests: 3,
      ratePerSecond: 2,
      seconds: 2,
    });
    expect((await run(path)).code).toBe(1);
    expect((await planned(path, { allowHttps: true })).counts).toMatchObject({ good: 4 });
  });

  it('costs and time of a million', async () => {
    const million = Array.from({ length: 100_000 }, (_, n) => `http://a.example/${n},k${n}\n`);
    const found = await planned(file('m.csv.gz', gzipSync(million.join(''))));
    expect(found).toMatchObject({ seconds: 1_000, cost: { usd: 0.122, usdPerMillion: 1.22 } });
    expect(found.advice).toEqual([expect.stringContaining('100,000 lines without md5')]);
  });

  it('the rate that the service is configured for', async () => {
    const path = file('m.csv', 'http://a.example/1,k\n');
    const needed = {
      TENCENTCLOUD_SECRET_ID: 'i',
      TENCENTCLOUD_SECRET_KEY: 'k',
      WAYBILL_PUBLIC_URL: 'http://w.example',
      WAYBILL_CALLBACK_KEYS: `k1:${'0'.repeat(64)}`,
    };
    const { requestsPerSecond } = cosFetchConfig(needed).cos.limits;
    expect((await planned(path)).ratePerSecond).toBe(requestsPerSecond);
    const env = { WAYBILL_COS_FETCH_RPS: '400' };
    expect((await planned(path, { env })).ratePerSecond).toBe(400);
    expect((await planned(path, { env, rate: 7 })).ratePerSecond).toBe(7);
    const wrong = run(path, { env: { WAYBILL_COS_FETCH_RPS: 'fast' } });
    await expect(wrong).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('what a million costs by the arithmetic of docs/costs.md', () => {
    const sum = lines(CASE).reduce((usd, { units, price }) => usd + units * PRICES[price], 0);
    expect(Math.round(sum * 100) / 100).toBe(KNOWN.carrying.usdPerMillionObjects);
  });
});

describe('sizes', () => {
  it('are those of good lines in the column that is named size, in any case', async () => {
    const { objectBytes, advice } = await planned(file('m.csv', SIZED));
    expect(objectBytes).toEqual({ bytes: 3_000, objects: 2 });
    expect(advice).toContainEqual(expect.stringContaining('known for 2 of 3 objects'));
  });

  it('are members of JSON Lines, as numbers or digits, also in a packed file', async () => {
    const objects = [1, '20', -3, null].map((size, n) => ({
      url: 'http://a.example/',
      key: `${n}`,
      size,
    }));
    const text = objects.map((object) => JSON.stringify(object)).join('\n');
    const path = file('m.jsonl.gz', gzipSync(text));
    expect((await planned(path)).objectBytes).toEqual({ bytes: 21, objects: 2 });
  });

  it('stand in another column, or in a file by key', async () => {
    const path = file('m.csv', 'url,key,bytes\nhttp://a.example/1,k1,5\nhttp://a.example/2,k2,6\n');
    expect((await planned(path)).objectBytes).toBeNull();
    expect((await planned(path, { sizes: 'bytes' })).objectBytes).toEqual({
      bytes: 11,
      objects: 2,
    });
    const csv = file('sizes.csv', 'key,etag,size\nk2,e,700\n"other",e,1\n');
    expect((await planned(path, { sizes: csv })).objectBytes).toEqual({ bytes: 700, objects: 1 });
    const jsonl = file(
      'sizes.jsonl.gz',
      gzipSync('{"key":"k1","size":9}\n{"key":"k2","size":"1"}\n'),
    );
    expect((await planned(path, { sizes: jsonl })).objectBytes).toEqual({ bytes: 10, objects: 2 });
  });

  it('are found in every block of a long file', async () => {
    const rows = Array.from({ length: 20_000 }, (_, n) => `http://a.example/${n},照片/${n},3\n`);
    const path = file('m.csv', `\ufeffurl,key,size\n${rows.join('')}`);
    expect((await planned(path)).objectBytes).toEqual({ bytes: 60_000, objects: 20_000 });
  });

  it.each([
    [
      'a column that the header does not name',
      'url,key\n',
      'bytes',
      /no column "bytes": the header/,
    ],
    ['a column where there is no header', '', 'size', /no header line that names columns/],
  ])('are refused for %s', async (_name, header, sizes, message) => {
    const path = file('m.csv', `${header}http://a.example/1,k1\n`);
    await expect(run(path, { sizes })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['k1,5\n', ':1: expected CSV with a header "key,size"'],
    ['key,size\nk1,5\nk2,big\n', ':3: expected'],
    ['{"key":"k1"}\n', ':1: expected'],
  ])('are refused from a file with %j', async (content, message) => {
    const path = file('m.csv', 'http://a.example/1,k1\n');
    await expect(run(path, { sizes: file('s.csv', content) })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(message),
    });
  });

  it('are refused from a file that is packed wrongly, or a folder', async () => {
    const path = file('m.csv', 'http://a.example/1,k1\n');
    for (const sizes of [file('s.csv.gz', 'key,size\n'), folder]) {
      await expect(run(path, { sizes })).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringContaining("can't be read"),
      });
    }
  });
});

describe('text', () => {
  it('tells the same for a person', async () => {
    const { out } = await run(file('m.csv', SIZED), { json: false });
    expect(out).toMatch(/good +3\n/);
    expect(out).toMatch(/quarantined +2\n +1 x URL_HTTPS\n +1 x KEY_EMPTY\n/);
    expect(out).toMatch(/bytes +3\.0 kB in 2 objects\n/);
    expect(out).toMatch(/cost +0\.00 USD on AWS, at 1\.22 a million \(\d{4}-\d\d-\d\d\)\n/);
  });

  it.each([
    ['none.csv', 'there is no such file'],
    ['empty.csv', 'the file is empty'],
    ['m.xlsx', 'm.xlsx'],
  ])('answers 2 for %s', async (name, message) => {
    file('empty.csv', '');
    file('m.xlsx', 'x');
    expect(await run(join(folder, name), { json: false })).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(message),
    });
    const answer = await run(join(folder, name));
    expect(JSON.parse(answer.out)).toMatchObject({ error: { code: 'MANIFEST_INVALID' } });
    expect(answer.code).toBe(2);
  });
});
