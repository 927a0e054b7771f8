/**
 * Counts the free task slots of a region. The provider runs five tasks there at once and lets more
 * wait.
 */
import type { Ledger } from '../../ledger/ledger.ts';
import type { Transfer } from '../../ledger/model.ts';
import type { OmsProject } from '../../providers/huawei/config.ts';
import type { OpenOms } from '../../providers/huawei/oms/connect.ts';
import { GROUP_STATUS } from '../../providers/huawei/oms/group.ts';
import { TASK_STATUS } from '../../providers/huawei/oms/task.ts';

interface SlotsOptions {
  readonly open: OpenOms;
  /** At once per region. */
  readonly running: number;
}

/** Versions of a project whose tasks count. */
export interface Occupant {
  readonly project: OmsProject;
  readonly version: 'v1' | 'v2';
}

/**
 * Counts what waits or runs in the region now.
 * @throws what the clients throw
 */
export async function freeSlots(
  occupants: readonly Occupant[],
  { open, running }: SlotsOptions,
): Promise<number> {
  let taken = 0;
  for (const { project, version } of occupants) {
    const { run, v1, v2 } = await open(project);
    for (const status of [TASK_STATUS.running, TASK_STATUS.waiting]) {
      const wanted = { status, offset: 0, limit: 100 };
      const client = version === 'v1' ? v1 : v2;
      const { items, count } = await run(() => client.listTasks(wanted));
      taken += count ?? items.length;
      if (taken >= running) return 0;
    }
  }
  return running - taken;
}

/**
 * Tells of the first task that waits for a place why it does: nobody takes a run for stuck then.
 * @throws StoreError
 */
export const noteFull = (
  ledger: Pick<Ledger, 'record'>,
  { attempt, transferId }: Pick<Transfer, 'attempt' | 'transferId'>,
  region: string,
  at: Date,
): Promise<void> =>
  ledger.record(transferId, {
    ...{ state: 'planned', attempt, accepted: [], at, event: 'poll' },
    cause: {
      provider: 'waybill',
      code: 'REGION_FULL',
      class: 'quota',
      message: `${region} runs as many tasks as WAYBILL_OMS_RUNNING allows; this one begins when another ends`,
    },
  });

/** Counts the groups that may still be made in a region. @throws what the client throws */
export async function freeGroups(
  project: OmsProject,
  { open, running }: SlotsOptions,
): Promise<number> {
  const { run, v2 } = await open(project);
  let taken = 0;
  for (const status of [GROUP_STATUS.waiting, GROUP_STATUS.creating, GROUP_STATUS.watching]) {
    const { items, count } = await run(() => v2.listGroups({ status, offset: 0, limit: 100 }));
    taken += count ?? items.length;
  }
  return Math.max(0, running - taken);
}
