/** Feeds queue messages to a function as SQS and Lambda would: visibility, partial failures, delays. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../shared/log.ts';
import type { BatchAnswer } from '../shared/middleware.ts';
import type { Queue, QueueMessage } from '../shared/queue/port.ts';
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
}

export interface Pump {
  /** Looks at the queue now. */
  wake(): void;
  /** Takes nothing new; waits for what is under way, at most 10 s, and gives the rest back. */
  stop(): Promise<void>;
}

/** Hidden for this long, and again while the handler works. */
const VISIBILITY_MS = 60_000;
const MAX_RETRY_MS = 900_000;
const STOP_MS = 10_000;

export function startPump(options: PumpOptions): Pump {
  const { queue, handler, log, concurrency, retryMs, idleMs = 250 } = options;
  const running = new Map<Promise<void>, QueueMessage>();
  let stopping = false;
  let wake = (): void => {};

  const work = async (message: QueueMessage): Promise<void> => {
    const heartbeat = setInterval(() => {
      queue.extend(message, VISIBILITY_MS).catch((error: unknown) => {
        log.warn('pump.extend-failed', { messageId: message.messageId }, error);
      });
    }, VISIBILITY_MS / 3);
    try {
      if (await succeeds(message)) await queue.remove(message);
      else {
        const delayMs = Math.min(MAX_RETRY_MS, retryMs * 2 ** (message.receiveCount - 1));
        await queue.extend(message, delayMs);
      }
    } finally {
      clearInterval(heartbeat);
    }
  };

  const succeeds = async (message: QueueMessage): Promise<boolean> => {
    const { messageId, receipt, body, receiveCount } = message;
    const record = {
      messageId,
      receiptHandle: receipt,
      body,
      attributes: { ApproximateReceiveCount: String(receiveCount) },
      messageAttributes: {},
      eventSource: 'aws:sqs',
    };
    try {
      const answer = (await handler({ Records: [record] })) as BatchAnswer;
      return answer.batchItemFailures.length === 0;
    } catch (error) {
      log.error('pump.handler-failed', { messageId }, error);
      return false;
    }
  };

  const idle = () =>
    new Promise<void>((resume) => {
      const timer = setTimeout(resume, idleMs);
      wake = () => {
        clearTimeout(timer);
        resume();
      };
    });

  const loop = async (): Promise<void> => {
    while (!stopping) {
      const free = concurrency - running.size;
      const messages = free > 0 ? await receive(free) : [];
      for (const message of messages) {
        const job: Promise<void> = work(message)
          .catch((error: unknown) => {
            log.error('pump.failed', { messageId: message.messageId }, error);
          })
          .finally(() => {
            running.delete(job);
            wake();
          });
        running.set(job, message);
      }
      if (messages.length < free || free === 0) await idle();
    }
  };

  const receive = async (free: number): Promise<readonly QueueMessage[]> => {
    try {
      return await queue.receive(free, VISIBILITY_MS);
    } catch (error) {
      log.error('pump.receive-failed', {}, error);
      return [];
    }
  };

  const looping = loop();
  return {
    wake: () => wake(),
    async stop() {
      stopping = true;
      wake();
      await looping;
      const deadline = new AbortController();
      await Promise.race([
        Promise.all(running.keys()),
        sleep(STOP_MS, undefined, { signal: deadline.signal }).catch(() => {}),
      ]);
      deadline.abort();
      await Promise.all([...running.values()].map((message) => queue.extend(message, 0)));
    },
  };
}
