/** The control API, `/_simulator/…`: reads and changes a running simulator from another process (docs/simulator.md). */

import type { HuaweiSimulator, NewOmsTask, OmsTask } from '../huawei/simulator.ts';
import type { Answer, Wire } from '../server.ts';
import type { BatchJob } from '../tencent/batch/job.ts';
import type { BatchJobs } from '../tencent/batch/jobs.ts';
import type { FetchTasks } from '../tencent/fetch-tasks.ts';
import type { ObjectsStore } from '../tencent/objects-store.ts';
import { type Faults, parseFaults } from './faults.ts';

interface ControlOptions {
  readonly batch: BatchJobs;
  readonly faults: Faults;
  readonly huawei: HuaweiSimulator | undefined;
  readonly objects: ObjectsStore;
  readonly stats: () => object;
  readonly tasks: FetchTasks;
}

export const createControl =
  ({ batch, faults, huawei, objects, stats, tasks }: ControlOptions) =>
  ({ method, rawPath, body }: Wire): Answer => {
    switch (`${method} ${rawPath}`) {
      case 'GET /_simulator/stats':
        return answer(200, `${JSON.stringify(stats())}\n`);
      case 'GET /_simulator/submissions':
        return answer(200, lines(tasks.all()));
      case 'GET /_simulator/batch-jobs':
        return answer(200, lines(batch.all().map(viewOf)));
      case 'GET /_simulator/oms-tasks':
        return answer(200, lines([...(huawei?.tasks.all() ?? [])].map(withoutKeys)));
      case 'POST /_simulator/oms-tasks':
        return attempt(() => huawei?.tasks.add(JSON.parse(body.toString()) as NewOmsTask));
      case 'POST /_simulator/batch-step':
        batch.step();
        return answer(200, '{}\n');
      case 'GET /_simulator/objects': {
        const entries = objects.entries().map(([path, { body: _body, ...object }]) => ({
          path,
          ...object,
        }));
        return answer(200, lines(entries));
      }
      case 'PUT /_simulator/faults':
        return attempt(() => faults.set(parseFaults(JSON.parse(body.toString()))));
      default:
        return answer(404, `${JSON.stringify({ error: 'there is no such route' })}\n`);
    }
  };

function attempt(change: () => unknown): Answer {
  try {
    change();
    return answer(200, '{}\n');
  } catch (error) {
    return answer(400, `${JSON.stringify({ error: String(error) })}\n`);
  }
}

/** The last start's body holds keys. */
const withoutKeys = ({ lastStart: _lastStart, ...task }: OmsTask): object => task;

function viewOf({ request, ...job }: BatchJob): object {
  const { operation, ...rest } = request;
  const { node: _node, ...told } = operation;
  return { ...job, request: { ...rest, operation: told } };
}

const answer = (status: number, body: string): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body,
});

function lines(values: Iterable<unknown>): string {
  let text = '';
  for (const value of values) text += `${JSON.stringify(value)}\n`;
  return text;
}
