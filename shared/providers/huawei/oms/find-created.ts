/**
 * Finds the task or group that carries a marker in its description: OMS takes no token of ours, so
 * its lists tell what became of a create whose answer was lost (OMS tasks reference, fact 2).
 */
import type { OmsCreateRef } from '../../../ledger/model.ts';
import { ReplyError } from '../../../lib/errors.ts';
import type { CallOptions } from '../../../limits/ports.ts';
import type { OmsPage } from './call.ts';
import type { OmsAccess } from './connect.ts';
import { GROUP_STATUS } from './group.ts';
import { TASK_STATUS } from './task.ts';

/** The largest page, and how far OMS pages one list. */
export const PAGE = 100;

export const MAX_LISTED = 10_000;

/** @param count of all, where OMS tells it */
export const isLastPage = (offset: number, items: number, count: number | undefined): boolean =>
  count === undefined ? items < PAGE : offset + PAGE >= count;

export interface Created {
  readonly id: string;
  readonly name: string;
}

interface Listed extends Created {
  readonly description: string;
}

/**
 * Undefined when there is none.
 * @throws ReplyError when there are more than OMS lists; what the client throws
 */
export async function findCreated(
  { makes, marker }: OmsCreateRef,
  { run, v2 }: OmsAccess,
  calls?: CallOptions,
): Promise<Created | undefined> {
  const page = (status: number | undefined, offset: number): Promise<OmsPage<Listed>> => {
    const wanted = { offset, limit: PAGE, ...(status !== undefined && { status }) };
    return run<OmsPage<Listed>>(
      () => (makes === 'task' ? v2.listTasks(wanted) : groupsOf(v2.listGroups(wanted))),
      calls,
    );
  };
  const all = await search(marker, (offset) => page(undefined, offset));
  if (all !== 'cut') return all;
  const statuses = Object.values(makes === 'task' ? TASK_STATUS : GROUP_STATUS);
  for (const status of statuses.filter((each) => !UNLISTED.has(`${makes} ${each}`))) {
    const found = await search(marker, (offset) => page(status, offset));
    if (found === 'cut')
      throw new ReplyError('OMS lists too many tasks to find one by its marker.');
    if (found) return found;
  }
  return undefined;
}

/** OMS takes no filter by these. */
const UNLISTED = new Set([`task ${TASK_STATUS.initialising}`, `task ${TASK_STATUS.retrying}`]);

const groupsOf = async (page: Promise<OmsPage<Omit<Listed, 'name'>>>): Promise<OmsPage<Listed>> => {
  const { items, ...more } = await page;
  return { ...more, items: items.map((group) => ({ ...group, name: '' })) };
};

async function search(
  marker: string,
  page: (offset: number) => Promise<OmsPage<Listed>>,
): Promise<Created | 'cut' | undefined> {
  for (let offset = 0; offset < MAX_LISTED; offset += PAGE) {
    const { items, count } = await page(offset);
    const found = items.find(({ description }) => description.includes(marker));
    if (found) return { id: found.id, name: found.name };
    if (isLastPage(offset, items.length, count)) return undefined;
  }
  return 'cut';
}
