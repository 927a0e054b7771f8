/** Reading a manifest with every check beside csv-parse, which only splits it into fields. */
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse';
import { parse as parseSync } from 'csv-parse/sync';
import { readLayout } from '../shared/manifest/detect-layout.ts';
import { createShardReader, cutShards } from '../shared/manifest/shards.ts';
import { createFolderObjects } from '../shared/stores/folder/objects.ts';
import type { Comparison } from './measure.ts';

const ROWS = 500_000;
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/bench.csv';
const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };

export async function manifestReading(): Promise<Comparison & { readonly clean: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-'));
  const objects = createFolderObjects(folder);
  const rows = Array.from({ length: ROWS }, (_, n) => {
    const md5 = n % 2 === 0 ? n.toString(16).padStart(32, '0') : '';
    return `http://origin.example/videos/2026/${n}/part-${n % 97}.mp4,videos/2026/${n}.mp4,${md5}`;
  });
  const info = await objects.put(KEY, `url,key,md5\n${rows.join('\n')}\n`);
  const path = join(folder, KEY);

  const timed = async (read: () => Promise<number> | number): Promise<number> => {
    const start = performance.now();
    const seen = await read();
    if (seen !== ROWS) throw new Error(`read ${seen} rows of ${ROWS}`);
    return (ROWS * 1_000) / (performance.now() - start);
  };

  return {
    metric: 'manifest reading (ours with lint)',
    unit: 'rows/s',
    targets: [3, 1],
    clean: () => rmSync(folder, { recursive: true }),
    sides: [
      {
        name: 'waybill, all checks',
        run: () =>
          timed(async () => {
            const layout = await readLayout(objects, info, { format: 'csv', gzip: false });
            const { sizeBytes, key, etag } = info;
            const read = createShardReader({ objects });
            let seen = 0;
            const object = { key, etag };
            for (const shard of cutShards({ runId: 'r', sizeBytes, target, layout, object })) {
              for await (const batch of read(shard)) seen += batch.length;
            }
            return seen;
          }),
      },
      {
        name: 'csv-parse, stream',
        run: () =>
          timed(async () => {
            let seen = 0;
            for await (const _row of createReadStream(path).pipe(parse({ columns: true })))
              seen += 1;
            return seen;
          }),
      },
      {
        name: 'csv-parse, whole file in memory',
        run: () => timed(() => parseSync(readFileSync(path), { columns: true }).length),
      },
    ],
  };
}
