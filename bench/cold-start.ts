/**
 * Loading a bundle, as a cold start does: the slowest of our functions beside one that is written with
 * the vendor's SDK and the AWS SDK's clients, bundled alike. Each load is a process of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { BUNDLES, bundleFunctions, functionNames } from '../scripts/bundle.ts';
import { loadOnce } from '../test/fixtures/loading.ts';
import type { Comparison } from './measure.ts';

const PEERS = {
  tencent: 'cos-nodejs-sdk-v5 and AWS SDK',
  huawei: 'huaweicloud-sdk-core and AWS SDK',
} as const;

/** Loads of each bundle per round, of which the least counts. */
const TIMES = 3;

export async function coldStart(): Promise<Comparison & { readonly clean: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-'));
  await bundleFunctions();
  await build({
    entryPoints: Object.keys(PEERS).map((peer) =>
      fileURLToPath(new URL(`cold/${peer}.ts`, import.meta.url)),
    ),
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minify: true,
    logLevel: 'error',
  });
  /** Other work on the machine only adds, and the slowest of nine would catch it most often. */
  const load = async (path: string): Promise<number> => {
    const times: number[] = [];
    for (let time = 0; time < TIMES; time += 1) times.push(await loadOnce(path));
    return Math.min(...times);
  };
  const rate = (ms: number): number => 1_000 / ms;
  return {
    metric: 'cold start (loads of one bundle)',
    unit: 'loads/s',
    targets: Object.keys(PEERS).map(() => 3),
    clean: () => rmSync(folder, { recursive: true }),
    sides: [
      {
        name: 'waybill, the slowest function',
        async run() {
          const times: number[] = [];
          for (const name of functionNames()) times.push(await load(join(BUNDLES, `${name}.js`)));
          return rate(Math.max(...times));
        },
      },
      ...Object.entries(PEERS).map(([peer, name]) => ({
        name,
        run: async () => rate(await load(join(folder, `${peer}.cjs`))),
      })),
    ],
  };
}
