/**
 * Copies lists of objects by jobs of COS Batch: writes the list to COS, without the keys that the target
 * has where nothing may be written over, then creates the job. A call that died is repeated at any point;
 * a list whose job may have been sent stays as it is.
 */
import { everyItem } from '../../ledger/cursors.ts';
import { tryLease } from '../../ledger/lease.ts';
import type { BatchJobRef, Run } from '../../ledger/model.ts';
import { LeasedError } from '../../lib/errors.ts';
import { compareKeys } from '../../lib/s3/list.ts';
import { textLines } from '../../lib/text-lines.ts';
import { openCosTarget } from '../../providers/target-bucket.ts';
import type { BatchAccount, BatchAccounts } from '../../providers/tencent/batch/accounts.ts';
import type { BatchJobRequest } from '../../providers/tencent/batch/request.ts';
import type { Objects } from '../../stores/objects.ts';
import { type BatchJobsOptions, createBatchJobs, isRefusal } from '../batch-jobs.ts';
import { openFailedRun, openTaskRun, taskTransferId } from '../task-runs.ts';
import { type CopyOrder, readCopy } from './order.ts';

export interface CopiesOptions extends BatchJobsOptions {
  readonly accounts: BatchAccounts;
  readonly objects: Pick<Objects, 'head' | 'read'>;
}

export type BatchCopies = ReturnType<typeof createBatchCopies>;

/** Of the jobs of migrations, which people may change. */
const PRIORITY = 10;

export function createBatchCopies(options: CopiesOptions) {
  const { ledger, log, now, objects } = options;
  const jobs = createBatchJobs(options);

  const copy = async (run: Run, order: CopyOrder): Promise<void> => {
    const { runId } = run;
    const request = requestOf(runId, order);
    // The job may have been sent: what it reads must stay.
    if (await ledger.read(taskTransferId(runId, 0))) return jobs.start(run, request);
    const { region, bucket } = listPlace(order);
    const name = order.credentials ?? (await options.accounts.nameOf(bucket));
    const account = await options.accounts.of(name);
    const { text, lines, existing } = await missingOf(order, account, objects);
    if (lines === 0) return skipAll(run, { kind: 'batch', region, existing, ...NO_JOB }, options);
    const etag = await account.breaker.run(() =>
      account.objects.put({ region, bucket }, listKey(runId), text, 'text/csv'),
    );
    const { manifest, ...rest } = request;
    const location = { ...manifest.location, etag: `"${etag}"` };
    await jobs.start(run, { ...rest, manifest: { ...manifest, location } }, { existing });
  };

  const work = async (runId: string): Promise<void> => {
    const [run, order] = await Promise.all([ledger.run(runId), readCopy(runId, objects)]);
    if (run?.state !== 'planning' || !order) return;
    try {
      await copy(run, order);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await openFailedRun(run, error, { ledger, log, at: now() });
    }
  };

  /** Every run that has no job yet. One that fails does not stop the others. */
  const workOnAll = async (deadline: Date) => {
    const runIds: string[] = [];
    let failed = 0;
    const found = everyItem((part) =>
      ledger.runs({ states: ['planning'], operations: ['cos-batch-job'], ...part }),
    );
    for await (const { runId } of found) {
      if (now() >= deadline) return { runIds, failed };
      runIds.push(runId);
      await tryLease(ledger, `copy ${runId}`, now, () => work(runId)).catch((error: unknown) => {
        // Somebody else holds the run for a moment: the next call creates its job.
        if (error instanceof LeasedError) return;
        failed += 1;
        log.error('batch.not-created', { runId }, error);
      });
    }
    return { runIds, failed };
  };

  return { workOnAll };
}

const NO_JOB = { clientRequestToken: 'none', marker: 'none' } as const;

/** The target has every object of the list: there is nothing to copy. */
async function skipAll(run: Run, ref: BatchJobRef, { ledger, now }: CopiesOptions): Promise<void> {
  await openTaskRun(ledger, run, [ref], now());
  await ledger.record(taskTransferId(run.runId, 0), {
    state: 'succeeded',
    attempt: 1,
    accepted: [],
    at: now(),
    event: 'resolved',
    task: ref,
    progress: { providerState: 'Complete', objects: 0, objectsFailed: 0, objectsTotal: 0 },
  });
}

const FOLDER = 'waybill/batch/';

const listKey = (runId: string): string => `${FOLDER}${runId}.csv`;

/** A job runs in the region of its source and reads its list there. */
const listPlace = ({ source, target }: CopyOrder) =>
  target.region === source.region ? target : source;

function requestOf(runId: string, order: CopyOrder): BatchJobRequest {
  const { credentials, source, target } = order;
  const { region, bucket } = listPlace(order);
  const appId = target.bucket.slice(target.bucket.lastIndexOf('-') + 1);
  const arn = `qcs::cos:${region}::${bucket}`;
  return {
    ...(credentials !== undefined && { credentials }),
    manifest: {
      location: { objectArn: `${arn}/${listKey(runId)}` },
      spec: { format: 'COSBatchOperations_CSV_V1', fields: ['Bucket', 'Key'] },
    },
    operation: {
      cosPutObjectCopy: {
        targetResource: `qcs::cos:${target.region}:uid/${appId}:${target.bucket}`,
        ...(source.prefix !== target.prefix && {
          prefixReplace: true,
          resourcesPrefix: source.prefix,
          targetKeyPrefix: target.prefix,
        }),
      },
    },
    priority: PRIORITY,
    report: {
      bucket: arn,
      enabled: true,
      format: 'Report_CSV_V1',
      prefix: `${FOLDER}${runId}`,
      reportScope: 'FailedTasksOnly',
    },
  };
}

/** The list without what is not to be written over. A list of a migration has some megabytes. */
async function missingOf(
  { list, onKeyExist, source, target }: CopyOrder,
  account: BatchAccount,
  objects: Pick<Objects, 'read'>,
): Promise<{ readonly text: string; readonly lines: number; readonly existing: number }> {
  const has = onKeyExist === 'override' ? async () => false : createLookUp(target, account);
  const start = source.bucket.length + 1 + source.prefix.length;
  const missing: string[] = [];
  let existing = 0;
  for await (const line of textLines(objects.read(list))) {
    if (await has(`${target.prefix}${line.slice(start)}`)) existing += 1;
    else missing.push(line);
  }
  return { text: missing.map((line) => `${line}\n`).join(''), lines: missing.length, existing };
}

/** Whether the target has a key; asked for keys in the order of bytes, it lists each part once. */
function createLookUp(
  { prefix, ...target }: CopyOrder['target'],
  { breaker: calls, objects }: BatchAccount,
): (key: string) => Promise<boolean> {
  const bucket = openCosTarget(objects, { target, calls, onRequest: () => {} });
  let keys: readonly string[] = [];
  let at = 0;
  let isEnd = false;
  /** Behind it the next page begins. */
  let marker = '';
  return async (key) => {
    for (;;) {
      while (at < keys.length && compareKeys(keys[at] ?? '', key) < 0) at += 1;
      if (at < keys.length || isEnd) return keys[at] === key;
      const before = key.replace(/.$/su, '');
      if (compareKeys(before, marker) > 0) marker = before;
      const from = marker === '' ? {} : { from: { after: marker } };
      const { value: page } = await bucket.pages(prefix, from).next();
      keys = page?.objects.map((object: { readonly key: string }) => object.key) ?? [];
      at = 0;
      isEnd = page?.rest === undefined;
      marker = keys.at(-1) ?? marker;
    }
  };
}
