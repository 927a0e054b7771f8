/**
 * Runs that copy a list of objects by a job of COS Batch: opened here with what is to be copied, which is
 * kept beside the run until it closes; `copies.ts` does their work. It holds no keys.
 */
import type { Ledger } from '../../ledger/ledger.ts';
import type { NewRun } from '../../ledger/model.ts';
import { stagingPrefix } from '../../stores/layout.ts';
import { type Objects, readSmall } from '../../stores/objects.ts';

interface Place {
  readonly region: string;
  readonly bucket: string;
  /** Keys begin with it. */
  readonly prefix: string;
}

export interface CopyOrder {
  /** Lines of bucket and key in the object store, as a job reads them; keys in the order of bytes. */
  readonly list: string;
  readonly source: Place;
  /** The key behind the source's prefix goes behind its own. */
  readonly target: Place;
  readonly credentials?: string;
  /** Of keys that the target has: a job would write over them. */
  readonly onKeyExist: 'ignore' | 'override';
}

const keyOf = (runId: string): string => `${stagingPrefix(runId)}batch-copy.json`;

/** Opens the run, or finds it. @throws StoreError */
export async function openCopy(
  run: Pick<NewRun, 'runId' | 'migrationId' | 'trigger'>,
  order: CopyOrder,
  {
    ledger,
    objects,
    now,
  }: {
    readonly ledger: Pick<Ledger, 'openRun'>;
    readonly objects: Pick<Objects, 'head' | 'put'>;
    readonly now: () => Date;
  },
): Promise<void> {
  const { list, target } = order;
  const key = keyOf(run.runId);
  // Before the run: one without it would be open for good. Somebody may read it already.
  if (!(await objects.head(key))) await objects.put(key, JSON.stringify(order));
  await ledger.openRun({
    ...run,
    operation: 'cos-batch-job',
    target: { region: target.region, bucket: target.bucket },
    task: { name: list },
    createdAt: now(),
  });
}

/** Undefined when the run copies no list. @throws StoreError */
export async function readCopy(
  runId: string,
  objects: Pick<Objects, 'head' | 'read'>,
): Promise<CopyOrder | undefined> {
  const info = await objects.head(keyOf(runId));
  return info && (JSON.parse(await readSmall(objects, info)) as CopyOrder);
}
