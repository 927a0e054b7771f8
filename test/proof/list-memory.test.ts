/** A bucket of ten million keys is listed in flat memory. */
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { openBucketList } from '../../shared/manifest/sources/bucket-list.ts';
import { createManifestWriter } from '../../shared/manifest/sources/write-manifest.ts';

const PAGES = 10_000;

it('becomes a manifest of 10,000,000 lines within 64 MiB more than at its start', async () => {
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
  let [blocks, most, before] = [0, 0, 0];
  for await (const block of list.blocks) {
    writer.write(block);
    blocks += 1;
    const { heapUsed, external } = process.memoryUsage();
    // Once everything is compiled and the heap has its size.
    if (blocks === 500) before = heapUsed + external;
    if (blocks > 500) most = Math.max(most, heapUsed + external);
  }
  expect(writer.report()).toMatchObject({ listed: 10_000_000, written: 10_000_000 });
  expect((most - before) / 2 ** 20).toBeLessThan(64);
});
