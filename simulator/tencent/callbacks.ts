/**
 * Callbacks of fetch tasks, as faults have them: sent, lost, late, twice or out of order. Their form
 * is not documented; ours is a POST of JSON with code, message, taskid, bucket and key
 * (docs/simulator.md).
 */
import type { ClientRequest } from 'node:http';
import type { Faults } from '../faults/faults.ts';
import type { Timers } from '../timers.ts';
import type { FetchTask } from './fetch-task.ts';
import type { Outgoing } from './outgoing.ts';

export interface CallbackCounts {
  sent: number;
  answered: number;
  refused: number;
  unreachable: number;
}

export interface Callbacks {
  /** Calls back for a task that has ended. */
  report(task: FetchTask): void;
  readonly counts: CallbackCounts;
}

interface CallbackOptions {
  readonly faults: Faults;
  readonly outgoing: Outgoing;
  readonly timers: Timers;
}

type Send = (method?: 'GET' | 'POST') => void;

/** A reordered callback lets this many others pass, or waits this long. */
const PASSED_BY = 5;
const PASSED_BY_MS = 500;

export function createCallbacks({ faults, outgoing, timers }: CallbackOptions): Callbacks {
  const counts: CallbackCounts = { sent: 0, answered: 0, refused: 0, unreachable: 0 };
  const line = createLine(timers);
  return {
    counts,
    report(task) {
      const url = task.state === 'succeeded' ? task.successCallbackUrl : task.failureCallbackUrl;
      if (url === undefined) return;
      const rule = faults.strike('callback', task.key);
      const send: Send = (method = 'POST') => call(url, method, task, outgoing, counts);
      switch (rule?.kind) {
        case 'lost':
          return;
        case 'late':
          timers.later(rule.delayMs ?? 1_000, send);
          return;
        case 'duplicate':
          send();
          send();
          return;
        case 'reorder':
          line.hold(send);
          return;
        default:
          send(rule?.kind === 'get' ? 'GET' : 'POST');
          line.passBy();
      }
    },
  };
}

/** Callbacks held back, each with how many others must pass before it goes. */
function createLine(timers: Timers) {
  let held: { passes: number; send: Send }[] = [];
  return {
    hold(send: Send): void {
      const entry = { passes: PASSED_BY, send };
      held.push(entry);
      timers.later(PASSED_BY_MS, () => {
        if (!held.includes(entry)) return;
        held = held.filter((other) => other !== entry);
        send();
      });
    },
    passBy(): void {
      for (const entry of held) entry.passes -= 1;
      const due = held.filter(({ passes }) => passes <= 0);
      held = held.filter(({ passes }) => passes > 0);
      for (const { send } of due) send();
    },
  };
}

function call(
  url: string,
  method: 'GET' | 'POST',
  task: FetchTask,
  outgoing: Outgoing,
  counts: CallbackCounts,
): void {
  counts.sent += 1;
  const { taskId: taskid, bucket, key, code = '0', message = 'SUCCESS' } = task;
  const body = method === 'GET' ? '' : JSON.stringify({ code, message, taskid, bucket, key });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  let request: ClientRequest;
  try {
    request = outgoing.request(url, { method, headers });
  } catch {
    // No URL, or neither http nor https.
    counts.unreachable += 1;
    return;
  }
  request.on('response', (response) => {
    response.resume();
    if (response.statusCode === 200) counts.answered += 1;
    else counts.refused += 1;
  });
  request.on('error', () => {
    counts.unreachable += 1;
  });
  request.end(body);
}
