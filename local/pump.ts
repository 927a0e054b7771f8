/**
 * Delivers queue messages to a function as SQS and Lambda would: visibility, partial failures,
 * delays.
 */
import type { Log } from '../shared/lib/log.ts';
import type { BatchAnswer } from '../shared/runtime/per-message.ts';
import type { Queue, QueueMessage } from '../shared/stores/queue.ts';
import { atMost, STOP_MS } from './at-most.ts';
import type { EventHandler } from './http.ts';

export interface PumpOptions {
  readonly queue: Queue;
  readonly handler: EventHandler;
  readonly log: Log;
  /** Messages worked on at the same time. */
  readonly concurrency: number;
  /** Wait before a message comes back the first time; doubles with each further one. */
  readonly retryMs: number;
  /** Between two looks at an empty queue. @default 250 */
  readonly idleMs?: number;
  /** How long a message stays hidden, and again while the handler works. @default 60000 */
  readonly visibilityMs?: number;
  /** How long `stop` waits. @default 5000 */
  readonly stopMs?: number;
}

/** For giving back what did not end in time. */
const GIVE_BACK_MS = 1_000;
const MAX_RETRY_MS = 900_000;
/** Between two looks at a queue that can't be read. */
const BROKEN_MS = 5_000;

export function startPump(options: PumpOptions) {
  const { log, concurrency, idleMs = 250, stopMs = STOP_MS } = options;
  const running = new Map<Promise<void>, QueueMessage>();
  let stopping = false;
  let stopped = false;
  let wake = (): void => {};

  const idle = (ms: number) =>
    new Promise<void>((resume) => {
      const timer = setTimeout(resume, ms);
      wake = () => {
        clearTimeout(timer);
        resume();
      };
    });

  const loop = async (): Promise<void> => {
    while (!stopping) {
      const free = concurrency - running.size;
      const messages = free > 0 ? await receive(free, options) : [];
      if (!messages) {
        await idle(BROKEN_MS);
        continue;
      }
      if (stopping) {
        await giveBack(messages, options);
        return;
      }
      for (const message of messages) {
        const job: Promise<void> = deliver(message, options, () => stopped)
          .catch((error: unknown) => {
            log.error('pump.failed', { messageId: message.messageId }, error);
          })
          .finally(() => {
            running.delete(job);
            wake();
          });
        running.set(job, message);
      }
      if (messages.length < free || free === 0) await idle(idleMs);
    }
  };

  const looping = loop();
  return {
    /** Looks at the queue now. */
    wake: () => wake(),
    /** Takes nothing new; waits for what is under way, at most `stopMs`, and gives the rest back. */
    async stop(): Promise<void> {
      stopping = true;
      wake();
      await atMost(
        looping.then(() => Promise.all(running.keys())),
        stopMs,
      );
      stopped = true;
      await atMost(giveBack(running.values(), options), GIVE_BACK_MS);
    },
  };
}

/** Takes messages until there are none or `isOver`, and ends when all of them are delivered. */
export async function drainQueue(options: PumpOptions, isOver: () => boolean): Promise<void> {
  const work = async (): Promise<void> => {
    while (!isOver()) {
      const [message] = (await receive(1, options)) ?? [];
      if (!message) return;
      await deliver(message, options, () => false);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
}

const VISIBILITY_MS = 60_000;

/** Undefined when the queue can't be read. */
async function receive(
  most: number,
  { queue, log, visibilityMs = VISIBILITY_MS }: PumpOptions,
): Promise<readonly QueueMessage[] | undefined> {
  try {
    return await queue.receive(most, visibilityMs);
  } catch (error) {
    log.error('pump.receive-failed', {}, error);
    return undefined;
  }
}

/** Hides a message while the handler works on it, then removes it or says when it comes back. */
async function deliver(
  message: QueueMessage,
  { queue, handler, log, retryMs, visibilityMs = VISIBILITY_MS }: PumpOptions,
  isStopped: () => boolean,
): Promise<void> {
  const { messageId, receiveCount } = message;
  const heartbeat = setInterval(() => {
    if (isStopped()) return;
    queue.extend(message, visibilityMs).catch((error: unknown) => {
      log.warn('pump.extend-failed', { messageId }, error);
    });
  }, visibilityMs / 3);
  try {
    const answer = await handler(queueEvent(message)).catch((error: unknown) =>
      log.error('pump.handler-failed', { messageId }, error),
    );
    if ((answer as BatchAnswer | undefined)?.batchItemFailures.length === 0) {
      await queue.remove(message);
    } else {
      await queue.giveBack(message, Math.min(MAX_RETRY_MS, retryMs * 2 ** (receiveCount - 1)));
    }
  } finally {
    clearInterval(heartbeat);
  }
}

/** What can't be given back now comes back by itself, when the next start recovers it. */
async function giveBack(
  messages: Iterable<QueueMessage>,
  { queue, log }: PumpOptions,
): Promise<void> {
  const given = [...messages].map((message) => queue.giveBack(message, 0));
  for (const result of await Promise.allSettled(given)) {
    if (result.status === 'rejected') log.warn('pump.return-failed', {}, result.reason);
  }
}

const queueEvent = ({ messageId, receipt, body, receiveCount }: QueueMessage) => ({
  Records: [
    {
      messageId,
      receiptHandle: receipt,
      body,
      attributes: { ApproximateReceiveCount: String(receiveCount) },
      messageAttributes: {},
      eventSource: 'aws:sqs',
    },
  ],
});
