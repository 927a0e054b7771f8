/**
 * Hears the notifications of other processes on a connection of its own. They are hints: a pool between
 * us and the server may swallow them, and none come while the connection is away, so everybody looks at
 * the table by themselves too, and once whenever it is back.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { clientConfig, type Database } from './database.ts';

export interface Listener {
  /** Calls `wake` when the channel is told this word, or may have been. */
  on(word: string, wake: () => void): () => void;
  close(): Promise<void>;
}

interface ListenOptions {
  /** What is heard of the probe decides whether the channel is of use. @default 3000 */
  readonly probeMs?: number;
  readonly warn: (event: string, fields: Readonly<Record<string, string>>) => void;
}

/** Between two connections. */
const AGAIN_MS = 500;

const NOTIFY = { name: 'notify', text: 'SELECT pg_notify($1, $2)' };

export function startListener(
  { address, query }: Pick<Database, 'address' | 'query'>,
  channel: string,
  { probeMs = 3_000, warn }: ListenOptions,
): Listener {
  const wakers = createWakers();
  const closing = new AbortController();
  const { signal } = closing;
  /** Whether something that another session says arrives here. */
  const hears = async (client: pg.Client): Promise<boolean> => {
    const word = randomUUID();
    const heard = new Promise<boolean>((resolve) => {
      client.on('notification', ({ payload }) => payload === word && resolve(true));
    });
    await query(NOTIFY, channel, word);
    return Promise.race([heard, sleep(probeMs, false, { signal }).catch(() => true)]);
  };

  /** @returns true when there is no use in another connection */
  const listen = async (): Promise<boolean> => {
    const client = new pg.Client(clientConfig(address));
    const gone = goneOf(client, signal);
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
      client.on('notification', ({ payload = '' }) => wakers.wake(payload));
      // What was sent while nobody listened.
      wakers.wakeAll();
      const isHeard = await Promise.race([hears(client), gone.then(() => true)]);
      if (!isHeard) {
        warn('queue.polling', {
          message: `PostgreSQL at ${address.name} passes no notifications on, as behind a pool in transaction mode; new messages are found by polling`,
        });
        return true;
      }
      await gone;
    } catch {
      // The server is away: the queries of others say so.
    } finally {
      await client.end().catch(() => {});
    }
    return false;
  };

  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      if (await listen()) return;
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  };
  const working = work();

  return {
    on: wakers.on,
    async close() {
      closing.abort();
      await working;
    },
  };
}

/** Those who wait, by the word that wakes them. */
function createWakers() {
  const wakers = new Map<string, Set<() => void>>();
  const wake = (word: string): void => {
    for (const each of wakers.get(word) ?? []) each();
  };
  return {
    wake,
    wakeAll(): void {
      for (const word of wakers.keys()) wake(word);
    },
    on(word: string, waker: () => void) {
      const known = wakers.get(word) ?? new Set();
      wakers.set(word, known.add(waker));
      return () => known.delete(waker);
    },
  };
}

/** Settles once the connection has ended, or nobody wants it any more. */
const goneOf = (client: pg.Client, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
