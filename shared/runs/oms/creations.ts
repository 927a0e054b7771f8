/**
 * Runs that create tasks and groups of OMS: writes the list files where there is a list, then creates
 * task after task as the region has room, over days if need be. A call that died is repeated at any
 * point: what is written is passed over, and what may have been sent is looked for first.
 */
import { everyItem } from '../../ledger/cursors.ts';
import { runLeaseName, tryLease } from '../../ledger/lease.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import {
  isStopped,
  madeTask,
  type NewRun,
  type OmsCreateRef,
  type Run,
  type Transfer,
} from '../../ledger/model.ts';
import { toCause } from '../../lib/cause.ts';
import {
  ConfigError,
  InputError,
  ProviderError,
  StoreError,
  WaybillError,
} from '../../lib/errors.ts';
import { readPace } from '../../limits/pace.ts';
import type { Pace } from '../../limits/rate/pace.ts';
import { stageRejected } from '../../manifest/staging.ts';
import { listName } from '../../providers/huawei/obs-lists.ts';
import type { OpenOms } from '../../providers/huawei/oms/connect.ts';
import type { OmsOrder } from '../../providers/huawei/oms/create-request.ts';
import type { OmsCreator } from '../../providers/huawei/oms/create-task.ts';
import { markerOf } from '../../providers/huawei/oms/marker.ts';
import type { OmsSteering } from '../../providers/huawei/oms/steer.ts';
import { openTasks, taskTransferId } from '../task-runs.ts';
import { slotsOf } from './bandwidth.ts';
import { checkOrder, withDefaults } from './check-order.ts';
import { freeGroups, freeSlots, noteFull } from './free-slots.ts';
import { completed, type ListsOptions, writeFiles } from './lists.ts';
import { openCreation } from './open.ts';
import {
  type CreateOrder,
  folderOf,
  type KeptOrder,
  makesOf,
  readOrder,
  saveOrder,
} from './order.ts';
import { removeLists } from './remove-lists.ts';

export interface CreationsOptions extends ListsOptions {
  readonly ledger: Ledger;
  readonly open: OpenOms;
  readonly creator: OmsCreator;
  /** Tasks, and groups, at once per region. */
  readonly running: number;
  readonly steering: Pick<OmsSteering, 'pace'>;
  /** That of the configuration. */
  readonly pace?: Pace | undefined;
}

/** `waiting`: something is left for a later call. */
type Worked = 'ended' | 'waiting' | 'held' | 'failed';

/** After a refusal for now. */
const WAIT_MS = 600_000;

export type Creations = ReturnType<typeof createCreations>;

export function createCreations(options: CreationsOptions) {
  const { creator, ledger, log, now, objects, steering } = options;

  /** @throws InputError (BODY_INVALID) when its fields do not fit each other */
  const check = ({ list, order }: CreateOrder): void => {
    const { srcNode } = order;
    if (srcNode) checkOrder({ ...order, srcNode }, list !== undefined);
  };

  /** The work is `work`'s. */
  const open = (run: Pick<NewRun, 'runId' | 'trigger'>, order: CreateOrder): Promise<Run> =>
    openCreation(run, order, options);

  /** Writes the lists, and plans what is to be created. @returns false when the time ended first */
  const plan = async (runId: string, kept: KeptOrder, deadline: Date): Promise<boolean> => {
    const { list } = kept;
    const written = list && (await writeFiles(runId, { ...kept, list }, deadline, options));
    if (list && !written) return false;
    const order = written ? completed(kept, written, options.sources) : (kept.order as OmsOrder);
    const files = written?.files ?? [];
    const makes = makesOf(kept, files);
    const whole = withDefaults(order);
    checkOrder(whole, list !== undefined);
    const credentials = await credentialsOf(kept, order, options);
    const project = { ...kept.project, credentials };
    await saveOrder(objects, runId, { ...kept, project, makes, order: whole, files });
    const count = makes === 'group' || !list ? 1 : files.length;
    const refs = Array.from({ length: count }, (_, index): OmsCreateRef => {
      const isFolder = makes === 'group';
      const key = folderOf(runId) + (isFolder ? '' : listName(index));
      return {
        kind: 'oms-create',
        ...project,
        makes,
        marker: markerOf(taskTransferId(runId, index)),
        ...(list && { list: { bucket: list.bucket, key, files: isFolder ? files.length : 1 } }),
      };
    });
    const quarantined = written?.quarantined ?? [];
    await stageRejected(objects, { runId, index: 0 }, quarantined);
    await openTasks(ledger, runId, refs, now(), quarantined.length);
    const lines = count + quarantined.length;
    const totals = { lines, quarantined: quarantined.length, transfers: count };
    await ledger.activateRun(runId, { shardCount: 1, sizeBytes: count, totals });
    log.info('run.planned', { runId, makes, tasks: count, files: files.length });
    return true;
  };

  /** Gives the tasks of a run the slots of the pace, where their order has none; as the pace is now. */
  const paced = async (runId: string, kept: KeptOrder): Promise<KeptOrder> => {
    if (kept.order.bandwidthPolicy) return kept;
    const { pace } = await readPace(ledger, options.pace);
    const slots = slotsOf(pace, kept.project.region, now());
    if (JSON.stringify(slots) === JSON.stringify(kept.paced ?? [])) return kept;
    for (const { providerId, task } of await ledger.transfersOf(runId, 0, ['submitted'])) {
      if (task?.kind !== 'oms-create' || providerId === undefined) continue;
      await steering.pace(madeTask(task, providerId), slots).catch((error: unknown) => {
        if (!(error instanceof WaybillError) || error instanceof StoreError) throw error;
        log.warn('oms.not-paced', { runId, providerId }, error);
      });
    }
    const changed = { ...kept, paced: slots };
    await saveOrder(objects, runId, changed);
    log.info('oms.paced', { runId, slots: slots.length });
    return changed;
  };

  const isDue = ({ cause, state, updatedAt }: Transfer): boolean =>
    state === 'submitting' ||
    !cause ||
    cause.code === 'REGION_FULL' ||
    now().getTime() - updatedAt.getTime() >= WAIT_MS;

  /** Creates what is planned, as far as the region has room. */
  const createAll = async (
    runId: string,
    kept: KeptOrder | undefined,
    deadline: Date,
  ): Promise<Worked> => {
    const rows = await ledger.transfersOf(runId, 0, ['submitting', 'planned']);
    let left = rows.length;
    let free: number | undefined;
    for (const row of rows) {
      const { task } = row;
      if (task?.kind !== 'oms-create' || !isDue(row)) continue;
      if (now() >= deadline || (await ledger.run(runId))?.state !== 'active') break;
      free ??= await roomOf(task, options);
      if (free === 0 && row.state === 'planned') {
        await noteFull(ledger, row, task.region, now());
        break;
      }
      const outcome = await creator.create(row, task, kept && orderOf(kept, task));
      log.info('oms.created', { runId, transferId: row.transferId, outcome: outcome.kind });
      if (outcome.kind === 'waiting') break;
      if (outcome.kind !== 'unknown') left -= 1;
      if (outcome.kind === 'created') free -= 1;
    }
    return left === 0 ? 'ended' : 'waiting';
  };

  /** Of a run that was stopped: what may have been sent is found, or cancelled. */
  const settleAll = async (runId: string): Promise<Worked> => {
    const rows = await ledger.transfersOf(runId, 0, ['submitting']);
    let left = 0;
    for (const row of rows) {
      const isOurs = row.task?.kind === 'oms-create';
      const outcome = isOurs && (await creator.settle(row, row.task as OmsCreateRef));
      if (outcome && outcome.kind === 'unknown') left += 1;
    }
    return left === 0 ? 'ended' : 'waiting';
  };

  /** Goes on with a run, unless another worker does. A fault of the order ends it. @throws StoreError */
  const work = async (runId: string, deadline: Date): Promise<Worked> => {
    const outcome = await tryLease(ledger, runLeaseName(runId), now, async (): Promise<Worked> => {
      const [run, kept] = await Promise.all([ledger.run(runId), readOrder(objects, runId)]);
      if (!run || run.closedAt) return 'ended';
      if (isStopped(run)) return settleAll(runId);
      try {
        if (run.state === 'planning') {
          if (!kept) return 'ended';
          if (!(await plan(runId, kept, deadline))) return 'waiting';
        }
      } catch (error) {
        if (!isFault(error)) throw error;
        await ledger.stopRun(runId, { state: 'failed', at: now(), error: toCause(error) });
        log.error('run.failed', { runId }, error);
        return 'ended';
      }
      const planned = run.state === 'planning' ? await readOrder(objects, runId) : kept;
      const current = await ledger.run(runId);
      if (current?.state !== 'active') return 'waiting';
      return createAll(runId, planned && (await paced(runId, planned)), deadline);
    });
    return outcome ?? 'held';
  };

  /** As `work`. A failure is logged: whoever calls next goes on. */
  const workOrLog = (runId: string, deadline: Date): Promise<Worked> =>
    work(runId, deadline).catch((error: unknown) => {
      log.error('oms.create-failed', { runId }, error);
      return 'failed' as const;
    });

  /** Goes on with every run that has something left, and removes list files that none needs. */
  const workOnAll = async (deadline: Date) => {
    const runIds: string[] = [];
    let [failed, waiting] = [0, 0];
    const found = everyItem((part) =>
      ledger.runs({
        states: ['planning', 'active', 'cancelled', 'failed'],
        operations: ['oms-v2-create-task'],
        unclosed: true,
        ...part,
      }),
    );
    for await (const { counts, runId, state } of found) {
      if (now() >= deadline) return { runIds, failed, waiting };
      const { planned, submitted, submitting } = counts;
      if (state !== 'planning' && planned + submitting + submitted === 0) continue;
      runIds.push(runId);
      const worked = await workOrLog(runId, deadline);
      if (worked === 'failed') failed += 1;
      if (worked === 'waiting') waiting += 1;
    }
    await removeLists(deadline, options);
    return { runIds, failed, waiting };
  };

  return { check, open, work, workOrLog, workOnAll };
}

/** What ends a run: asked again, it would be refused again. */
const isFault = (error: unknown): boolean =>
  error instanceof InputError ||
  error instanceof ConfigError ||
  (error instanceof ProviderError && (error.class === 'credentials' || error.class === 'request'));

/** How many more may be created or started now. */
function roomOf(ref: OmsCreateRef, { open, running }: CreationsOptions) {
  if (ref.makes === 'group') return freeGroups(ref, { open, running });
  return freeSlots([{ project: ref, version: 'v2' }], { open, running });
}

/** The order of one task: with the list file that is its own. */
function orderOf({ order, paced = [] }: KeptOrder, { list }: OmsCreateRef): OmsOrder {
  const slots = paced.length > 0 && { bandwidthPolicy: paced };
  const whole = { ...slots, ...order } as OmsOrder;
  if (!list) return whole;
  const { bucket, files, key } = list;
  const number = key.endsWith('/') && { listFileNum: String(files) };
  const listFile = { obsBucket: bucket, listFileKey: key, ...number };
  return { ...whole, srcNode: { ...whole.srcNode, listFile } };
}

/** The set that names the source's bucket, where the request names none. */
async function credentialsOf(
  { credentials, project }: KeptOrder,
  { srcNode: { bucket } }: OmsOrder,
  { sets }: CreationsOptions,
): Promise<string> {
  const named = bucket === undefined ? undefined : await sets.forBucket(bucket);
  return credentials ?? named ?? project.credentials;
}
