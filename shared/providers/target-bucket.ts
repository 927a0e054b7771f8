/** Buckets of both clouds as audits ask them: paced like all calls to their cloud. */
import type { Target } from '../ledger/manifest-lines.ts';
import { listPages } from '../lib/s3/list.ts';
import type { CredentialBreaker } from '../limits/ports.ts';
import type { ObsKeys, ObsReader } from './huawei/obs.ts';
import type { TargetBucket } from './target.ts';
import type { CosObjectsClient } from './tencent/objects.ts';

interface TargetOptions {
  readonly target: Target;
  readonly calls: Pick<CredentialBreaker, 'run'>;
  /** Hears of each request, those that are sent again too. */
  readonly onRequest: (kind: 'list' | 'head') => void;
}

export function openCosTarget(
  objects: Pick<CosObjectsClient, 'head' | 'page'>,
  { target, calls, onRequest }: TargetOptions,
): TargetBucket {
  return open({
    name: target.bucket,
    isEncoded: true,
    page: (query) =>
      calls.run(() => {
        onRequest('list');
        return objects.page(target, query);
      }),
    head: (key) =>
      calls.run(() => {
        onRequest('head');
        return objects.head(target, key);
      }),
  });
}

/** Parallel file systems never advance where keys are encoded. @param keys as they are now */
export function openObsTarget(
  obs: Pick<ObsReader, 'head' | 'page'>,
  keys: () => Promise<ObsKeys>,
  { target, calls, onRequest }: TargetOptions,
): TargetBucket {
  return open({
    name: target.bucket,
    isEncoded: false,
    page: (query) =>
      calls.run(async () => {
        const known = await keys();
        onRequest('list');
        return obs.page(target, query, known);
      }),
    head: (key) =>
      calls.run(async () => {
        const known = await keys();
        onRequest('head');
        return obs.head({ ...target, key }, known);
      }),
  });
}

interface Asks {
  readonly name: string;
  readonly isEncoded: boolean;
  readonly page: (query: readonly (readonly [string, string])[]) => Promise<string>;
  readonly head: TargetBucket['head'];
}

/** Both clouds know the first version of the call alone, or better. */
const open = ({ name, isEncoded, page, head }: Asks): TargetBucket => ({
  pages: (prefix, from) =>
    listPages(
      { name, ask: async ({ query = [] }) => ({ text: await page(query) }) },
      { prefix, version: 1, isEncoded },
      from,
    ),
  head,
});
