/** Carries out accepted fetch tasks as COS does: downloads the source, checks its MD5, stores it, calls back. */

import { partsEtag } from '../crc64.ts';
import type { Faults } from '../faults/faults.ts';
import { createTimers } from '../timers.ts';
import { type CallbackCounts, createCallbacks } from './callbacks.ts';
import { download, EMPTY, type Failure } from './download.ts';
import type { FetchRequest, FetchTask } from './fetch-task.ts';
import type { ObjectsStore } from './objects-store.ts';
import { createOutgoing, type Outgoing } from './outgoing.ts';

export interface FetchTasks {
  accept(request: FetchRequest): FetchTask;
  find(bucket: string, taskId: string): FetchTask | undefined;
  all(): IterableIterator<FetchTask>;
  readonly callbacks: CallbackCounts;
  close(): void;
}

interface FetchTasksOptions {
  readonly objects: ObjectsStore;
  readonly faults: Faults;
  /** False takes every source for there and empty: for measurements only. */
  readonly downloads: boolean;
  /** Downloads, and likewise callbacks, at the same time. */
  readonly concurrency: number;
  /** What is larger is stored in parts, which its ETag tells. */
  readonly partBytes?: number | undefined;
  readonly now: () => Date;
}

export function createFetchTasks(options: FetchTasksOptions): FetchTasks {
  const { faults, concurrency, now } = options;
  const tasks = new Map<string, FetchTask>();
  const outgoing = createOutgoing(concurrency);
  const timers = createTimers();
  const callbacks = createCallbacks({ faults, outgoing, timers });
  const waiting: FetchTask[] = [];
  let running = 0;
  let closed = false;

  const work = (): void => {
    while (running < concurrency) {
      const task = waiting.shift();
      if (!task || closed) return;
      running += 1;
      run(task, options, outgoing)
        .catch((error: unknown) => ({ code: 'InternalError', message: String(error) }))
        .then((failure) => {
          Object.assign(task, { state: failure ? 'failed' : 'succeeded' }, failure);
          running -= 1;
          if (!closed) callbacks.report(task);
          work();
        });
    }
  };

  return {
    accept(request) {
      const ordinal = (tasks.size + 1).toString(16).padStart(8, '0');
      // Base64 of 22 bytes ends in `==`, as the documented ids do.
      const taskId = Buffer.from(`58a66b94_${ordinal}_2e5d`).toString('base64');
      const task: FetchTask = { ...request, taskId, acceptedAt: now(), state: 'doing' };
      tasks.set(taskId, task);
      waiting.push(task);
      setImmediate(work);
      return task;
    },
    find(bucket, taskId) {
      const task = tasks.get(taskId);
      return task?.bucket === bucket ? task : undefined;
    },
    all: () => tasks.values(),
    callbacks: callbacks.counts,
    close() {
      closed = true;
      timers.close();
      outgoing.close();
    },
  };
}

/** Undefined when the object is stored or was there. */
async function run(
  { bucket, key, url, md5: expected, onKeyExist }: FetchTask,
  { objects, downloads, now, partBytes }: FetchTasksOptions,
  outgoing: Outgoing,
): Promise<Failure | undefined> {
  const path = `${bucket}/${key}`;
  if (onKeyExist === 'ignore' && objects.get(path)) return undefined;
  const found = downloads ? await download(url, outgoing) : EMPTY;
  if ('code' in found) return found;
  const { md5, crc64, body, sizeBytes } = found;
  if (expected !== undefined && downloads && expected.toLowerCase() !== md5) {
    return { code: 'MD5Mismatch', message: "The source's MD5 doesn't match." };
  }
  // What was too large to keep has one part for all that is known of it.
  const isInParts = partBytes !== undefined && sizeBytes > partBytes;
  const etag = isInParts && { etag: partsEtag(body, partBytes) };
  objects.put(path, { md5, crc64, sizeBytes, lastModifiedAt: now(), ...etag }, body);
  return undefined;
}
