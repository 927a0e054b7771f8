/** What must be true in the end: every line is somewhere, and the provider's own record equals ours. */
import { text } from 'node:stream/consumers';
import { TRANSFER_STATES } from '../../shared/ledger/merge.ts';
import type { Run, Transfer } from '../../shared/ledger/model.ts';
import { createDescribe } from '../../shared/manifest/describe.ts';
import type { Ports } from './functions.ts';
import type { Provider, Task } from './provider.ts';
import { attemptOf, type Witness } from './witness.ts';

/** A manifest, and what is known to be in it. */
export interface Manifest {
  readonly key: string;
  readonly text: string;
  readonly good: readonly string[];
  readonly bad: number;
  /** When it was there first; no run before. */
  readonly at: number;
  /** Written over with other content. */
  isChanged: boolean;
}

interface Ended {
  readonly runs: readonly Run[];
  readonly manifests: readonly Manifest[];
  readonly raw: Ports;
  readonly provider: Provider;
  readonly clocksSetAt: number;
  readonly witness: Witness;
}

export async function judge(ended: Ended): Promise<void> {
  const { runs, manifests, raw, provider, witness, clocksSetAt } = ended;
  const { fail } = witness;
  const tasks = Map.groupBy(provider.tasks(), (task) => attemptOf(task).transferId);
  for (const run of runs) {
    await witness.count(run.runId);
    const rows: Transfer[] = [];
    for await (const { shard } of raw.ledger.shards(run.runId)) {
      rows.push(...(await raw.ledger.transfersOf(run.runId, shard.index, TRANSFER_STATES)));
    }
    for (const row of rows) judgeRow(row, tasks.get(row.transferId) ?? [], clocksSetAt, fail);
    const found = rows.filter(
      ({ state, transferId }) => state === 'succeeded' && !tasks.get(transferId)?.some(hasArrived),
    );
    for (const { object, transferId } of await createDescribe(raw)(found)) {
      const isThere = provider.objects.get(`${run.target?.bucket ?? BUCKET}/${object?.key}`);
      if (!isThere) fail(`${transferId} succeeded, and is not there`);
    }
    const manifest = manifests.find(({ key }) => key === run.source?.key);
    if (manifest && !manifest.isChanged) {
      if (run.state !== 'completed')
        fail(`run ${run.runId} is ${run.state}: ${run.error?.message}`);
      else await judgeLines(run, rows, manifest, raw, fail);
    }
    if (run.closedAt) await judgeReports(run, rows, raw, fail);
  }
  const ids = new Set(runs.map(({ runId }) => runId));
  for (const id of tasks.keys()) {
    if (!ids.has(id.split('.')[0] ?? '')) fail(`the provider has ${id} of a run that is not there`);
  }
}

const BUCKET = 'examplebucket-1250000000';

const hasArrived = ({ state }: Task): boolean => state === 'succeeded';

/** A row says what became of its tasks. */
function judgeRow(
  row: Transfer,
  tasks: readonly Task[],
  clocksSetAt: number,
  fail: (fault: string) => void,
): void {
  const { transferId, state, accepted, attempt: latest } = row;
  for (const entry of accepted) {
    const [attempt, ...id] = entry.split(':');
    const task = tasks.find(({ taskId }) => taskId === id.join(':'));
    if (!task || attemptOf(task).attempt !== Number(attempt)) {
      fail(`${transferId} was accepted as ${entry}, which the provider does not know`);
    }
  }
  // What nobody answered may come after its successor failed, when it took longer than anybody waits; and
  // clocks that were set meanwhile can't tell when it was written.
  const mayBeMissed = (task: Task): boolean =>
    task.isSlow || (attemptOf(task).attempt < latest && task.acceptedAt.getTime() < clocksSetAt);
  const arrived = tasks.filter(hasArrived);
  if (state !== 'succeeded' && !arrived.every(mayBeMissed)) {
    fail(`${transferId} is ${state}, and the provider brought it`);
  }
  for (const { taskId, state: own } of tasks)
    if (own === 'doing') fail(`${taskId} goes on for ever`);
}

/** Each line once: sent, or rejected. */
async function judgeLines(
  run: Run,
  rows: readonly Transfer[],
  { good, bad }: Manifest,
  { ledger, objects }: Ports,
  fail: (fault: string) => void,
): Promise<void> {
  const described = await createDescribe({ ledger, objects })(rows);
  const keys = described.map(({ object, manifest }) => object?.key ?? `${manifest}`).sort();
  const lost = good.filter((key) => !keys.includes(key));
  if (lost.length > 0) fail(`run ${run.runId} lost ${lost.join(' ')}`);
  if (keys.length !== good.length)
    fail(`run ${run.runId} has ${keys.length} rows for ${good.length} lines`);
  if (run.counts.quarantined !== bad) {
    fail(`run ${run.runId} rejected ${run.counts.quarantined} lines, not ${bad}`);
  }
}

/** Reports tell what the ledger holds. */
async function judgeReports(
  run: Run,
  rows: readonly Transfer[],
  { objects }: Ports,
  fail: (fault: string) => void,
): Promise<void> {
  const read = async (name: string) => text(objects.read(`reports/${run.runId}/${name}`));
  const summary = JSON.parse(await read('summary.json'));
  const failed = rows.filter(({ state }) => state === 'failed').map(({ transferId }) => transferId);
  for (const state of ['succeeded', 'failed'] as const) {
    const held = rows.filter((row) => row.state === state).length;
    // A success may be heard of once all is written.
    if (summary.counts[state] < held && state === 'failed') {
      fail(`the summary of ${run.runId} tells of ${summary.counts[state]} ${state}, not ${held}`);
    }
  }
  const listed = (await read('failed.csv')).split('\r\n').length - 2;
  if (listed < failed.length) {
    fail(`failed.csv of ${run.runId} has ${listed} lines for ${failed.length} failures`);
  }
}
