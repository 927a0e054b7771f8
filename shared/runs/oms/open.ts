/** Opens runs that create tasks and groups of OMS; `creations.ts` does their work. */
import type { Ledger } from '../../ledger/ledger.ts';
import type { NewRun, Run } from '../../ledger/model.ts';
import type { Objects } from '../../stores/objects.ts';
import { type CreateOrder, readOrder, saveOrder } from './order.ts';

interface OpenCreationOptions {
  readonly ledger: Pick<Ledger, 'openRun'>;
  readonly objects: Pick<Objects, 'head' | 'put' | 'read'>;
  readonly now: () => Date;
}

/** Opens the run, or finds it. @throws StoreError */
export async function openCreation(
  run: Pick<NewRun, 'runId' | 'trigger' | 'migrationId'>,
  order: CreateOrder,
  { ledger, objects, now }: OpenCreationOptions,
): Promise<Run> {
  const { runId } = run;
  const { list, project, order: asked } = order;
  // Before the run: one without it would be open for good.
  if (!(await readOrder(objects, runId))) await saveOrder(objects, runId, { ...order, files: [] });
  return ledger.openRun({
    ...run,
    operation: 'oms-v2-create-task',
    target: { region: project.region, bucket: asked.dstNode.bucket },
    task: { name: list?.key ?? asked.description ?? asked.srcNode?.bucket ?? '' },
    createdAt: now(),
  });
}
