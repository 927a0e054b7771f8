/** Listing a bucket beside the paginator of the AWS SDK, from one simulated store. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { openBucketList } from '../shared/manifest/sources/bucket-list.ts';
import type { SourceConfig } from '../shared/manifest/sources/config.ts';
import type { Comparison } from './measure.ts';

const PAGES = 200;
const KEYS = PAGES * 1_000;
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

export async function listing(): Promise<Comparison & { readonly clean: () => void }> {
  const store = fork(new URL('./list-store.ts', import.meta.url), [String(PAGES)]);
  const [port] = await once(store, 'message');
  const endpoint = `http://127.0.0.1:${port}`;
  const source: SourceConfig = {
    name: 'b',
    kind: 's3',
    bucket: 'bucket',
    region: 'us-east-1',
    endpoint,
    addressing: 'path',
  };
  const client = new S3Client({
    region: 'us-east-1',
    endpoint,
    forcePathStyle: true,
    credentials: keys,
  });

  const timed = async (list: () => Promise<number>): Promise<number> => {
    const start = performance.now();
    const seen = await list();
    if (seen !== KEYS) throw new Error(`listed ${seen} keys of ${KEYS}`);
    return (KEYS * 1_000) / (performance.now() - start);
  };

  return {
    metric: 'listing a bucket, page by page',
    unit: 'keys/s',
    targets: [1.5],
    clean: () => {
      client.destroy();
      store.disconnect();
    },
    sides: [
      {
        name: 'waybill',
        run: () =>
          timed(async () => {
            const list = openBucketList({ source, keys }, 's3://bucket', { prefix: '', lanes: 1 });
            let seen = 0;
            for await (const entries of list.blocks) seen += entries.length;
            return seen;
          }),
      },
      {
        name: '@aws-sdk/client-s3, paginateListObjectsV2',
        run: () =>
          timed(async () => {
            let seen = 0;
            const pages = paginateListObjectsV2(
              { client },
              { Bucket: 'bucket', EncodingType: 'url' },
            );
            for await (const { Contents = [] } of pages) seen += Contents.length;
            return seen;
          }),
      },
    ],
  };
}
