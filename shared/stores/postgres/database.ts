/**
 * A PostgreSQL database, shared by the ledger and the queue of this process: a pool of connections and
 * prepared statements. A connection that breaks, or that leads to a server that can't be written any
 * more, is thrown away; what was asked for is tried again on others for a while.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Row } from '../ledger-rows.ts';
import type { PostgresAddress } from './address.ts';
import { codeOf, isGone, isPassing, isUnprepared, READ_ONLY, toStoreError } from './faults.ts';
import { decodeText, encodeValue, type Value } from './text.ts';

/** A text with the name by which the server knows it. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export type Query = (statement: Statement, ...values: readonly Value[]) => Promise<readonly Row[]>;

/** Sends a statement together with the commit, where nobody needs its answer before. */
export type Later = (...asked: Parameters<Query>) => void;

export interface Database {
  readonly address: PostgresAddress;
  /** One statement, tried again when its answer is lost. @throws StoreError */
  readonly query: Query;
  /** One statement that may be done only once: a lost answer is an error. @throws StoreError */
  readonly queryOnce: Query;
  /** What `work` asks for, all or nothing; tried again as a whole. @throws StoreError */
  transaction<Result>(work: (query: Query, later: Later) => Promise<Result>): Promise<Result>;
  /** An instant of ours by the server's clock, in Unix milliseconds. */
  toServer(at: Date): Promise<number>;
  /** The reverse, by what was measured last. */
  toOurs(ms: number): Date;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Connections at most. @default 10 */
  readonly connections?: number;
  /** How long what fails and passes is tried again. @default 20000 */
  readonly patienceMs?: number;
  readonly now?: () => Date;
}

const AGAIN_MS = 100;
const CONNECT_MS = 10_000;
const ANSWER_MS = 60_000;

/** What a worker has locked that stands still in a transaction, or is out of reach, is free after so long. */
const STILL_MS = 10_000;
const BEGIN = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${STILL_MS}`;

/** Between two looks at the server's clock; clocks less than two seconds apart count as equal. */
const CLOCK_MS = 60_000;
const APART_MS = 2_000;

const INT8 = 20;
const TEXT = 25;
const NUMERIC = 1700;

/** All integers here are exact as numbers. */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: Number,
  [NUMERIC]: Number,
  [TEXT]: decodeText,
};

/** What a connection is made with. */
export const clientConfig = ({ host, port, user, password, database, ssl }: PostgresAddress) => ({
  host,
  port,
  user,
  ...(password !== undefined && { password }),
  database,
  ssl,
  application_name: 'waybill',
  connectionTimeoutMillis: CONNECT_MS,
  keepAlive: true,
  types: {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      PARSERS[oid] ?? pg.types.getTypeParser(oid, format),
  },
});

/** What is asked for in one turn leaves together; each write costs more than the statement in it. */
function gather({ connection: { stream } }: pg.PoolClient): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/** Statements by the names of their texts. */
export const statementsOf = <Name extends string>(
  part: string,
  texts: Readonly<Record<Name, string>>,
): Readonly<Record<Name, Statement>> =>
  Object.fromEntries(
    Object.entries<string>(texts).map(([name, text]) => [name, { name: `${part} ${name}`, text }]),
  ) as Record<Name, Statement>;

const CLOCK = { name: 'clock', text: 'SELECT waybill.now_ms() AS now' };

export function openDatabase(
  address: PostgresAddress,
  { connections = 10, patienceMs = 20_000, now = () => new Date() }: DatabaseOptions = {},
): Database {
  const pool = createPool(address, connections);
  let isPrepared = true;

  const queryBy =
    (client: pg.PoolClient): Query =>
    async ({ name, text }, ...values) => {
      const known = isPrepared ? { name } : {};
      gather(client);
      return (await client.query({ ...known, text, values: values.map(encodeValue) })).rows;
    };

  const tryAgain = async <Result>(
    work: (client: pg.PoolClient) => Promise<Result>,
    isAgain: (error: unknown) => boolean,
  ): Promise<Result> => {
    const until = performance.now() + patienceMs;
    for (;;) {
      try {
        return await withClient(pool, work);
      } catch (error) {
        const isLate = performance.now() >= until;
        // Several find out at once.
        if (isUnprepared(error) && (isPrepared || !isLate)) isPrepared = false;
        else if (isAgain(error) && !isLate) await sleep(AGAIN_MS);
        else throw toStoreError(error, address.name, address.user);
      }
    }
  };

  const query: Query = (...asked) => tryAgain((client) => queryBy(client)(...asked), isPassing);

  return {
    address,
    query,
    // Nothing of it was done when there was no connection, or no server that may be written.
    queryOnce: (...asked) => {
      let isAsked = false;
      return tryAgain(
        (client) => {
          isAsked = true;
          return queryBy(client)(...asked);
        },
        (error) => isPassing(error) && (!isAsked || codeOf(error) === READ_ONLY),
      );
    },
    transaction: (work) =>
      tryAgain((client) => inTransaction(client, queryBy(client), work), isPassing),
    ...createClock(query, now),
    close: () => pool.end(),
  };
}

function createPool(address: PostgresAddress, connections: number): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(address),
    query_timeout: ANSWER_MS,
    // Statements that are sent together share their way there and back.
    pipeline: true,
    max: connections,
  });
  // The pool has thrown away an idle connection that broke; the next query makes another one.
  pool.on('error', () => {});
  // The server may end a connection in the very packet that opens it, before whoever waits for it listens.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** @returns the conversion between our clock and the server's */
function createClock(query: Query, now: () => Date): Pick<Database, 'toServer' | 'toOurs'> {
  let offsetMs = 0;
  let measuredAt = Number.NEGATIVE_INFINITY;
  return {
    async toServer(at) {
      if (performance.now() - measuredAt >= CLOCK_MS) {
        const [row] = await query(CLOCK);
        const apart = Number(row?.['now']) - now().getTime();
        offsetMs = Math.abs(apart) < APART_MS ? 0 : apart;
        measuredAt = performance.now();
      }
      return at.getTime() + offsetMs;
    },
    toOurs: (ms) => new Date(ms - offsetMs),
  };
}

/** Does work on a connection of the pool, which is thrown away when it breaks. */
async function withClient<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let isBroken = false;
  // An error while nobody waits for an answer; the next query fails by it.
  const onError = () => {
    isBroken = true;
  };
  client.on('error', onError);
  try {
    return await work(client);
  } catch (error) {
    isBroken ||= isGone(error);
    throw error;
  } finally {
    client.off('error', onError);
    client.release(isBroken);
  }
}

/** All or nothing of it. */
async function inTransaction<Result>(
  client: pg.PoolClient,
  query: Query,
  work: (query: Query, later: Later) => Promise<Result>,
): Promise<Result> {
  gather(client);
  // Answers that nobody waits for yet: what they say is heard at the end.
  const begun: Promise<unknown> = client.query(BEGIN);
  begun.catch(() => {});
  const unheard = [begun];
  const last: Parameters<Query>[] = [];
  try {
    const result = await work(query, (...asked) => void last.push(asked));
    unheard.push(...last.map((asked) => query(...asked)), client.query('COMMIT'));
    await Promise.all(unheard);
    return result;
  } catch (error) {
    await Promise.allSettled(unheard);
    if (!isGone(error)) await client.query('ROLLBACK');
    throw error;
  }
}
