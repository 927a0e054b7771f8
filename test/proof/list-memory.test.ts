/** A bucket of ten million keys is listed in flat memory. */
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { openBucketList } from '../../shared/manifest/sources/bucket-list.ts';
import { createManifestWriter } from '../../shared/manifest/sources/write-manifest.ts';

const PAGES = 10_000;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

it('holds no more of the last page than of the first ones, and at most 192 MiB in all', async () => {
  const page = (number: number): Buffer => {
    const keys = Array.from({ length: 1_000 }, (_, at) => {
      const name = String(number * 1_000 + at).padStart(9, '0');
      return `<Contents><Key>photos%2F${name}+a.jpg</Key><LastModified>2026-11-20T08:00:00.000Z</LastModified><ETag>&quot;${name}&quot;</ETag><Size>7</Size></Contents>`;
    });
    const next = number + 1 < PAGES;
    return Buffer.from(
      `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${next}</IsTruncated>${next ? `<NextContinuationToken>${number + 1}</NextContinuationToken>` : ''}${keys.join('')}</ListBucketResult>`,
    );
  };
  const list = openBucketList(
    {
      source: { name: 'b', kind: 's3', bucket: 'b', region: 'r', endpoint: 'http://x.example' },
      fetch: async ({ query }) => {
        const token = new Map(query).get('continuation-token') ?? '0';
        return { status: 200, headers: {}, body: Readable.from([page(Number(token))]) };
      },
    },
    's3://b',
    { prefix: '', lanes: 1 },
  );
  const writer = createManifestWriter({ source: 's3://b', columns: list.columns });
  /** What is left of everything so far. */
  const held: number[] = [];
  let [blocks, most] = [0, 0];
  for await (const block of list.blocks) {
    writer.write(block);
    blocks += 1;
    most = Math.max(most, process.memoryUsage().heapUsed);
    if (blocks % 2_500 !== 0) continue;
    collect();
    held.push(process.memoryUsage().heapUsed / 2 ** 20);
  }
  expect(writer.report()).toMatchObject({ listed: 10_000_000, written: 10_000_000 });
  expect(held).toHaveLength(4);
  expect(Math.max(...held) - (held[0] ?? 0)).toBeLessThan(4);
  expect(most / 2 ** 20).toBeLessThan(192);
});
