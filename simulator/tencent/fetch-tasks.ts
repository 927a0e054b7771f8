/**
 * Carries out accepted fetch tasks as COS does: downloads the source, checks its MD5, stores it,
 * and calls back. The callback's form is not documented; ours is a POST of JSON with code, message,
 * taskid, bucket and key (docs/simulator.md).
 */
import { createHash } from 'node:crypto';
import {
  Agent,
  type ClientRequest,
  get as httpGet,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import type { Faults } from '../faults/faults.ts';
import type { ObjectsStore } from './objects-store.ts';

export interface FetchRequest {
  readonly bucket: string;
  readonly key: string;
  readonly url: string;
  readonly md5?: string;
  readonly onKeyExist: 'ignore' | 'override';
  readonly successCallbackUrl?: string;
  readonly failureCallbackUrl?: string;
}

export interface FetchTask extends FetchRequest {
  readonly taskId: string;
  readonly acceptedAt: Date;
  state: 'doing' | 'succeeded' | 'failed';
  /** Of a failed task. */
  code?: string;
  message?: string;
}

export interface FetchTasks {
  accept(request: FetchRequest): FetchTask;
  find(bucket: string, taskId: string): FetchTask | undefined;
  all(): IterableIterator<FetchTask>;
  readonly callbacks: { sent: number; answered: number; refused: number; unreachable: number };
  close(): void;
}

export interface FetchTasksOptions {
  readonly objects: ObjectsStore;
  readonly faults: Faults;
  /** False takes every source for there and empty: for measurements only. */
  readonly downloads: boolean;
  /** Downloads, and likewise callbacks, at the same time. */
  readonly concurrency: number;
  readonly now: () => Date;
}

/** A source that says nothing for this long has failed. */
const SOURCE_TIMEOUT_MS = 30_000;
/** A reordered callback lets this many others pass, or waits this long. */
const PASSED_BY = 5;
const PASSED_BY_MS = 500;

interface Outcome {
  readonly code: string;
  readonly message: string;
}

export function createFetchTasks(options: FetchTasksOptions): FetchTasks {
  const { objects, faults, downloads, concurrency, now } = options;
  const tasks = new Map<string, FetchTask>();
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const secureAgent = new SecureAgent({ keepAlive: true, maxSockets: concurrency });
  /** Under way or waiting for a socket; an agent would open one even after its end. */
  const requests = new Set<ClientRequest>();
  const timers = new Set<NodeJS.Timeout>();
  const callbacks = { sent: 0, answered: 0, refused: 0, unreachable: 0 };
  const waiting: FetchTask[] = [];
  let running = 0;
  let closed = false;

  const track = (request: ClientRequest): void => {
    requests.add(request);
    request.on('close', () => requests.delete(request));
  };

  const later = (ms: number, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!closed) act();
    }, ms);
    timers.add(timer);
  };

  const work = (): void => {
    while (running < concurrency) {
      const task = waiting.shift();
      if (!task || closed) return;
      running += 1;
      run(task)
        .catch((error: unknown) => fail(task, { code: 'InternalError', message: String(error) }))
        .finally(() => {
          running -= 1;
          report(task);
          work();
        });
    }
  };

  const fail = (task: FetchTask, { code, message }: Outcome): void => {
    task.state = 'failed';
    task.code = code;
    task.message = message;
  };

  const run = async (task: FetchTask): Promise<void> => {
    const path = `${task.bucket}/${task.key}`;
    if (task.onKeyExist === 'ignore' && objects.get(path)) {
      task.state = 'succeeded';
      return;
    }
    const found = downloads ? await download(task.url, agent, track) : EMPTY;
    if ('code' in found) return fail(task, found);
    if (task.md5 !== undefined && downloads && task.md5.toLowerCase() !== found.md5) {
      return fail(task, { code: 'MD5Mismatch', message: 'The MD5 of the source is another one.' });
    }
    const { md5, body, sizeBytes } = found;
    objects.put(path, { md5, sizeBytes, lastModifiedAt: now() }, body);
    task.state = 'succeeded';
  };

  /** Callbacks held back, each with how many others must pass before it goes. */
  let held: { passes: number; send: () => void }[] = [];
  const passBy = (): void => {
    for (const entry of held) entry.passes -= 1;
    const due = held.filter(({ passes }) => passes <= 0);
    held = held.filter(({ passes }) => passes > 0);
    for (const { send } of due) send();
  };

  const report = (task: FetchTask): void => {
    const url = task.state === 'succeeded' ? task.successCallbackUrl : task.failureCallbackUrl;
    if (url === undefined || closed) return;
    const rule = faults.strike('callback', task.key);
    const send = (method: 'GET' | 'POST' = 'POST') => call(url, method, task);
    switch (rule?.kind) {
      case 'lost':
        return;
      case 'late':
        later(rule.delayMs ?? 1_000, send);
        return;
      case 'duplicate':
        send();
        send();
        return;
      case 'reorder': {
        const entry = { passes: PASSED_BY, send };
        held.push(entry);
        later(PASSED_BY_MS, () => {
          if (!held.includes(entry)) return;
          held = held.filter((other) => other !== entry);
          send();
        });
        return;
      }
      case 'get':
        send('GET');
        passBy();
        return;
      default:
        send();
        passBy();
    }
  };

  const call = (url: string, method: 'GET' | 'POST', task: FetchTask): void => {
    callbacks.sent += 1;
    const { taskId: taskid, bucket, key, code = '0', message = 'SUCCESS' } = task;
    const body = method === 'GET' ? '' : JSON.stringify({ code, message, taskid, bucket, key });
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const options = { method, headers, timeout: SOURCE_TIMEOUT_MS };
    let request: ClientRequest;
    try {
      request = /^https:/i.test(url)
        ? httpsRequest(url, { ...options, agent: secureAgent })
        : httpRequest(url, { ...options, agent });
    } catch {
      // No URL, or neither http nor https.
      callbacks.unreachable += 1;
      return;
    }
    track(request);
    request.on('response', (response) => {
      response.resume();
      if (response.statusCode === 200) callbacks.answered += 1;
      else callbacks.refused += 1;
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      callbacks.unreachable += 1;
    });
    request.end(body);
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
    callbacks,
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      for (const request of requests) request.destroy();
      agent.destroy();
      secureAgent.destroy();
    },
  };
}

interface Downloaded {
  readonly md5: string;
  readonly sizeBytes: number;
  readonly body: Buffer;
}

const EMPTY: Downloaded = {
  md5: 'd41d8cd98f00b204e9800998ecf8427e',
  sizeBytes: 0,
  body: Buffer.alloc(0),
};
/** Of a source, what is kept while it is read. */
const HELD_BYTES = 1_048_576;

function download(
  url: string,
  agent: Agent,
  track: (request: ClientRequest) => void,
): Promise<Downloaded | Outcome> {
  return new Promise((done) => {
    const unreachable = (error: Error) =>
      done({
        code: 'SourceUnreachable',
        message: `The source could not be read: ${error.message}`,
      });
    const request = httpGet(url, { agent, timeout: SOURCE_TIMEOUT_MS }, (response) => {
      read(response).then(done, unreachable);
    });
    track(request);
    request.on('timeout', () => request.destroy(new Error('it timed out')));
    request.on('error', unreachable);
  });
}

async function read(response: IncomingMessage): Promise<Downloaded | Outcome> {
  const { statusCode = 0 } = response;
  if (statusCode !== 200) {
    response.resume();
    const message = `The source answered ${statusCode}.`;
    if (statusCode === 403) {
      return { code: 'Forbidden', message: 'The specified download can not be allowed.' };
    }
    return { code: statusCode === 404 ? 'NotFound' : 'SourceRefused', message };
  }
  const hash = createHash('md5');
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    hash.update(part);
    sizeBytes += part.length;
    if (sizeBytes <= HELD_BYTES) parts.push(part);
  }
  const body = sizeBytes <= HELD_BYTES ? Buffer.concat(parts) : Buffer.alloc(0);
  return { md5: hash.digest('hex'), sizeBytes, body };
}
