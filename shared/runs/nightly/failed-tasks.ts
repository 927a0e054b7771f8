/** Lists the failed tasks of every configured project, region and API version, page by page. */
import type { Ledger } from '../../ledger/ledger.ts';
import { nightKey, type OmsTaskRef } from '../../ledger/model.ts';
import { toCause } from '../../lib/cause.ts';
import { type CauseClass, WaybillError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { OmsProject } from '../../providers/huawei/config.ts';
import type { OmsPage } from '../../providers/huawei/oms/call.ts';
import type { OmsAccess, OpenOms } from '../../providers/huawei/oms/connect.ts';
import { GROUP_STATUS } from '../../providers/huawei/oms/group.ts';
import { runOfDescription } from '../../providers/huawei/oms/marker.ts';
import { TASK_STATUS } from '../../providers/huawei/oms/task.ts';
import type { ListedPlace } from '../../reporting/summary.ts';
import type { CredentialSets } from '../../stores/credential-sets.ts';
import { type Judgement, judgeGroup, judgeTask } from '../retry-rules.ts';
import type { Skipped } from './plan.ts';

export interface ListOptions {
  readonly projects: readonly OmsProject[];
  readonly open: OpenOms;
  readonly sets: CredentialSets;
  readonly ledger: Pick<Ledger, 'nights' | 'run'>;
  readonly log: Log;
  readonly maxNights: number;
  readonly skipped: Skipped;
}

interface Found {
  readonly ref: OmsTaskRef;
  readonly description: string;
  readonly judge: (nights: number) => Judgement;
}

/** The largest page of the API, and how much of one list a pass reads. */
const PAGE = 100;

const MAX_LISTED = 20_000;

/** The tasks and groups to start again; all others are added to `skipped`. */
export async function listFailed(
  options: ListOptions,
): Promise<{ readonly tasks: readonly OmsTaskRef[]; readonly places: readonly ListedPlace[] }> {
  const { ledger, projects, skipped } = options;
  // Regions differ in their limits and projects in their keys; versions share both.
  const listed = await Promise.all(projects.map((project) => listProject(project, options)));
  const places = listed.flatMap((each) => each.places);
  const found = await withoutMigrations(
    listed.flatMap((each) => each.found),
    ledger,
  );
  const nights = await ledger.nights(found.map(({ ref }) => nightKey(ref)));
  const tasks: OmsTaskRef[] = [];
  for (const { ref, judge } of found) {
    const judgement = judge(nights.get(nightKey(ref)) ?? 0);
    if (judgement.kind === 'restart') tasks.push(ref);
    else skipped.add(judgement.reason, judgement.advice, exampleOf(ref));
  }
  return { tasks, places };
}

/** Migrations have their own tasks started again, and count what becomes of them. */
async function withoutMigrations(
  all: readonly Found[],
  ledger: Pick<Ledger, 'run'>,
): Promise<readonly Found[]> {
  const isOfMigration = new Map<string, boolean>();
  const left: Found[] = [];
  for (const each of all) {
    const runId = runOfDescription(each.description);
    if (runId !== undefined && !isOfMigration.has(runId)) {
      isOfMigration.set(runId, (await ledger.run(runId))?.migrationId !== undefined);
    }
    if (runId === undefined || !isOfMigration.get(runId)) left.push(each);
  }
  return left;
}

const exampleOf = ({ region, projectId, version, taskId, groupId }: OmsTaskRef): string =>
  `${region}/${projectId}/${version}/${taskId ?? groupId}`;

async function listProject(project: OmsProject, options: ListOptions) {
  const { log, maxNights, open, sets, skipped } = options;
  const places: ListedPlace[] = [];
  const found: Found[] = [];
  const seen = new Set<string>();

  const list = async (version: 'v1' | 'v2', work: (access: OmsAccess) => Promise<void>) => {
    const before = found.length;
    const { region, projectId } = project;
    let error: string | undefined;
    try {
      await work(await open(project));
    } catch (caught) {
      if (!(caught instanceof WaybillError) || caught.code === 'STORE_FAILED') throw caught;
      const cause = toCause(caught);
      error = `${cause.code}: ${cause.message}`;
      skipped.add(cause.code, ADVICE[cause.class], `${region}/${projectId}/${version}`, 0);
      log.warn('nightly.not-listed', { region, projectId, version }, caught);
    }
    const failed = found.length - before;
    places.push({ region, projectId, version, failed, ...(error !== undefined && { error }) });
  };

  await list('v2', async ({ run, v2 }) => {
    const groups = pages((offset) =>
      run(() => v2.listGroups({ status: GROUP_STATUS.failed, offset, limit: PAGE })),
    );
    for await (const group of groups) {
      const set = await sets.forBucket(group.srcBucket);
      const ref = refOf('v2', project, { groupId: group.id }, set);
      const { description } = group;
      found.push({ ref, description, judge: (nights) => judgeGroup(group, nights, maxNights) });
    }
    const tasks = pages((offset) =>
      run(() => v2.listTasks({ status: TASK_STATUS.failed, offset, limit: PAGE })),
    );
    for await (const task of tasks) {
      const set = await sets.forBucket(task.srcBucket);
      const ref = refOf('v2', project, { taskId: task.id, name: task.name }, set);
      seen.add(`${task.id} ${task.name}`);
      const { description } = task;
      found.push({ ref, description, judge: (nights) => judgeTask(task, nights, maxNights) });
    }
  });
  await list('v1', async ({ run, v1 }) => {
    const tasks = pages((offset) =>
      run(() => v1.listTasks({ status: TASK_STATUS.failed, offset, limit: PAGE })),
    );
    for await (const task of tasks) {
      // The v1 API may list the same task again.
      if (seen.has(`${task.id} ${task.name}`)) continue;
      const set = await sets.forBucket(task.srcBucket);
      const ref = refOf('v1', project, { taskId: task.id, name: task.name }, set);
      const { description } = task;
      found.push({ ref, description, judge: (nights) => judgeTask(task, nights, maxNights) });
    }
  });
  return { places, found };
}

/** What you can do when a project could not be listed. */
const ADVICE: Readonly<Record<CauseClass, string>> = {
  credentials: 'check the key pair of this project; Waybill stopped using it',
  throttled: 'the provider is throttling; the next night retries',
  quota: 'a quota is used up; the next night retries',
  transient: 'the provider did not answer; the next night retries',
  request: 'check region, project and credential set',
  state: 'read the message',
  source: 'read the message',
};

/** All items; ends at a short page, at the count in the answer, or at `MAX_LISTED`. */
async function* pages<Item>(
  page: (offset: number) => Promise<OmsPage<Item>>,
): AsyncGenerator<Item> {
  for (let offset = 0; offset < MAX_LISTED; offset += PAGE) {
    const { items, count } = await page(offset);
    yield* items;
    if (items.length < PAGE || (count !== undefined && offset + PAGE >= count)) return;
  }
}

/** The task as a transfer starts it: failed objects only where the provider recorded them. */
function refOf(
  version: 'v1' | 'v2',
  project: OmsProject,
  task: { readonly taskId: string; readonly name: string } | { readonly groupId: string },
  credentials: string | undefined,
): OmsTaskRef {
  const { region, projectId } = project;
  const common = { kind: 'oms', version, region, projectId } as const;
  const set = credentials ?? project.credentials;
  if ('groupId' in task) return { ...common, groupId: task.groupId, credentials: set };
  const name = task.name === '' ? {} : { name: task.name };
  return { ...common, taskId: task.taskId, credentials: set, ...name };
}
