/**
 * Writes facts about transfers. Those of one shard that come at once are merged here, in the order in
 * which they came, and written together with its counts, while the row of the shard is locked; those
 * of other shards go beside them.
 */
import { isFinal, TRANSFER_STATES, type TransferState } from '../../../ledger/merge.ts';
import type { TransferPlace, TransferUpdate } from '../../../ledger/model.ts';
import { type Database, type Later, type Query, statementsOf } from '../database.ts';
import { type Kept, mergeInto, type Thick, toKept } from './kept.ts';

export type Tell = (place: TransferPlace, update: TransferUpdate) => Promise<void>;

const STATES = TRANSFER_STATES.map((state, at) => `${state} = ${state} + $${at + 6}`).join(', ');

const SQL = statementsOf('facts', {
  // A callback can be the first thing a ledger hears of a shard, when its copy was restored.
  insertShard: `
    INSERT INTO waybill.shards (run_id, shard) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
  lock: `
    SELECT number FROM waybill.shards LEFT JOIN waybill.runs USING (run_id)
    WHERE run_id = $1 AND shard = $2 FOR NO KEY UPDATE OF shards`,
  known: `
    SELECT line, word, id, NULL AS state, NULL::bigint AS attempt, NULL AS cause,
      NULL AS accepted, NULL::bigint AS events
    FROM waybill.lines WHERE run = (SELECT number FROM waybill.runs WHERE run_id = $1)
      AND shard = $2 AND line = ANY($3::bigint[])
    UNION ALL
    SELECT line, NULL, NULL, state, attempt, cause, accepted, events
    FROM waybill.transfers WHERE run_id = $1 AND shard = $2 AND line = ANY($3::bigint[])`,
  removeThin: `
    DELETE FROM waybill.lines WHERE run = $1 AND shard = $2 AND line = ANY($3::bigint[])`,
  write: `
    WITH kept AS (
      INSERT INTO waybill.lines (run, shard, line, word, id)
      SELECT (SELECT number FROM waybill.runs WHERE run_id = $1), $2, new.*
      FROM unnest($3::bigint[], $4::bigint[], $5::text[]) AS new
      ON CONFLICT (run, shard, line) DO UPDATE SET word = excluded.word, id = excluded.id
    )
    UPDATE waybill.shards SET ${STATES} WHERE run_id = $1 AND shard = $2`,
  writeThick: `
    INSERT INTO waybill.transfers AS kept (run_id, shard, line, state, attempt, class, cause,
      accepted, url, key, md5, listed, task, progress, events, history, updated_at)
    SELECT $1, $2, new.* FROM unnest($3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[],
      $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
      $15::bigint[], $16::text[], $17::bigint[]) AS new
    ON CONFLICT (run_id, shard, line) DO UPDATE SET
      state = excluded.state, attempt = excluded.attempt, class = excluded.class,
      cause = excluded.cause, accepted = excluded.accepted,
      url = COALESCE(kept.url, excluded.url), key = COALESCE(kept.key, excluded.key),
      md5 = COALESCE(kept.md5, excluded.md5), listed = COALESCE(kept.listed, excluded.listed),
      task = COALESCE(kept.task, excluded.task),
      progress = COALESCE(excluded.progress, kept.progress),
      events = kept.events + excluded.events,
      history = CASE excluded.history
        WHEN '' THEN kept.history ELSE kept.history || ',' || excluded.history END,
      updated_at = GREATEST(kept.updated_at, excluded.updated_at)`,
  discardClosing: 'UPDATE waybill.runs SET closing_at = NULL WHERE run_id = $1',
});

interface Told {
  readonly line: number;
  readonly update: TransferUpdate;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What waits for a shard while it is being written. */
interface Waiting {
  readonly runId: string;
  readonly shard: number;
  told: Told[];
}

/** Facts in one transaction: more would hold up others of the shard. */
const MOST = 1_000;

export function createFacts({ transaction }: Database): Tell {
  const shards = new Map<string, Waiting>();

  const write = async (place: Waiting, told: readonly Told[]): Promise<void> => {
    try {
      await transaction((query, later) => writeFacts(query, later, place, told));
    } catch (error) {
      // One of them may be what can't be written: the others are not.
      if (told.length > 1) {
        for (const one of told) await write(place, [one]);
      } else for (const { reject } of told) reject(error);
      return;
    }
    for (const { resolve } of told) resolve();
  };

  const work = async (key: string, waiting: Waiting): Promise<void> => {
    // What comes in the same turn goes together.
    await new Promise((next) => setImmediate(next));
    while (waiting.told.length > 0) {
      const batch = waiting.told.slice(0, MOST);
      waiting.told = waiting.told.slice(MOST);
      await write(waiting, batch);
    }
    shards.delete(key);
  };

  return ({ runId, shard, line }, update) =>
    new Promise((resolve, reject) => {
      const key = `${runId}.${shard}`;
      const told = { line, update, resolve, reject };
      const waiting = shards.get(key);
      if (waiting) {
        waiting.told.push(told);
        return;
      }
      const first: Waiting = { runId, shard, told: [told] };
      shards.set(key, first);
      void work(key, first);
    });
}

async function writeFacts(
  query: Query,
  later: Later,
  { runId, shard }: Waiting,
  told: readonly Told[],
): Promise<void> {
  const lines = [...new Set(told.map(({ line }) => line))];
  const { run, known } = await lockAndRead(query, runId, shard, lines);
  const kept = new Map(known.map((row) => [Number(row['line']), toKept(row)]));
  const deltas = Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0]));
  let isReopened = false;
  for (const { line, update } of told) {
    const before = kept.get(line);
    const after = mergeInto(before, update, run !== null);
    kept.set(line, after);
    const [from, to] = [before?.state, after.state];
    if (from === to) continue;
    if (from) deltas[from] = (deltas[from] ?? 0) - 1;
    deltas[to] = (deltas[to] ?? 0) + 1;
    isReopened ||= from !== undefined && isFinal(from);
  }
  writeKept(later, { runId, shard, run }, kept, deltas as Record<TransferState, number>);
  if (isReopened) later(SQL.discardClosing, runId);
}

/** What is read is read once the lock is held. `run` is null for a run that is not there. */
async function lockAndRead(query: Query, runId: string, shard: number, lines: readonly number[]) {
  const ask = () =>
    Promise.all([query(SQL.lock, runId, shard), query(SQL.known, runId, shard, lines)]);
  let [[row], known] = await ask();
  if (!row) {
    await query(SQL.insertShard, runId, shard);
    [[row], known] = await ask();
  }
  const number = row?.['number'] ?? null;
  return { run: number === null ? null : Number(number), known };
}

function writeKept(
  later: Later,
  { runId, shard, run }: { runId: string; shard: number; run: number | null },
  kept: ReadonlyMap<number, Kept>,
  deltas: Readonly<Record<TransferState, number>>,
): void {
  const changed = [...kept].filter(([, { isChanged }]) => isChanged);
  const thick = changed.flatMap(([line, { thick: row }]) => (row ? [{ line, row }] : []));
  if (thick.length > 0) {
    const wasThin = changed.filter(([, { thick: row, wasThin: was }]) => row && was);
    if (wasThin.length > 0) {
      later(
        SQL.removeThin,
        run,
        shard,
        wasThin.map(([line]) => line),
      );
    }
    const column = <Name extends keyof Thick>(name: Name) => thick.map(({ row }) => row[name]);
    later(
      SQL.writeThick,
      ...[runId, shard, thick.map(({ line }) => line), column('state'), column('attempt')],
      ...[column('class'), column('cause'), column('accepted'), column('url'), column('key')],
      ...[column('md5'), column('listed'), column('task'), column('progress'), column('events')],
      ...[column('history'), column('updatedAt')],
    );
  }
  const thin = changed.flatMap(([line, { thick: row, thin: each }]) =>
    !row && each ? [{ line, ...each }] : [],
  );
  later(
    SQL.write,
    ...[runId, shard, thin.map(({ line }) => line), thin.map(({ word }) => word)],
    thin.map(({ id }) => id ?? null),
    ...TRANSFER_STATES.map((state) => deltas[state]),
  );
}
