/**
 * Writes facts about transfers. Those that come at once, of whatever shards, are merged here, in the
 * order in which they came, and written in one transaction together with the counts of their shards,
 * while the rows of these are locked.
 */
import { isFinal, TRANSFER_STATES, type TransferState } from '../../../ledger/merge.ts';
import type { TransferPlace, TransferUpdate } from '../../../ledger/model.ts';
import type { Row } from '../../ledger-rows.ts';
import { type Database, type Later, type Query, statementsOf } from '../database.ts';
import { isPassing } from '../faults.ts';
import { type Kept, mergeInto, type Thick, toKept } from './kept.ts';

export type Tell = (place: TransferPlace, update: TransferUpdate) => Promise<void>;

const COUNTS = TRANSFER_STATES.map((state) => `${state} = kept.${state} + news.${state}`).join(
  ', ',
);

const SQL = statementsOf('facts', {
  // A callback can be the first thing a ledger hears of a shard, when its copy was restored.
  insertShards: `
    INSERT INTO waybill.shards (run_id, shard) SELECT * FROM unnest($1::text[], $2::integer[])
    ON CONFLICT DO NOTHING`,
  // One after the other, in the order in which everybody locks them.
  lock: `
    SELECT run_id, shard, number FROM unnest($1::text[], $2::integer[]) AS place (run_id, shard)
    CROSS JOIN LATERAL (
      SELECT number FROM waybill.shards LEFT JOIN waybill.runs USING (run_id)
      WHERE run_id = place.run_id AND shard = place.shard FOR NO KEY UPDATE OF shards
    ) AS kept`,
  // A subquery for the number in place of the join is evaluated once for all rows (PostgreSQL 15.18).
  known: `
    SELECT run_id, shard, kept.*
    FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS place (run_id, shard, line)
    LEFT JOIN waybill.runs USING (run_id)
    CROSS JOIN LATERAL (
      SELECT line, word, id, NULL AS state, NULL::bigint AS attempt, NULL AS cause,
        NULL AS accepted, NULL::bigint AS events
      FROM waybill.lines
      WHERE run = runs.number AND shard = place.shard AND line = place.line
      UNION ALL
      SELECT line, NULL, NULL, state, attempt, cause, accepted, events
      FROM waybill.transfers WHERE run_id = place.run_id
        AND shard = place.shard AND line = place.line
    ) AS kept`,
  removeThin: `
    DELETE FROM waybill.lines WHERE run = $1 AND shard = $2 AND line = ANY($3::bigint[])`,
  write: `
    WITH kept AS (
      INSERT INTO waybill.lines (run, shard, line, word, id)
      SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[])
      ON CONFLICT (run, shard, line) DO UPDATE SET word = excluded.word, id = excluded.id
    )
    UPDATE waybill.shards AS kept SET ${COUNTS}
    FROM unnest($6::text[], $7::integer[], ${TRANSFER_STATES.map((_, at) => `$${at + 8}::bigint[]`).join(', ')})
      AS news (run_id, shard, ${TRANSFER_STATES.join(', ')})
    WHERE kept.run_id = news.run_id AND kept.shard = news.shard`,
  writeThick: `
    INSERT INTO waybill.transfers AS kept (run_id, shard, line, state, attempt, class, cause,
      accepted, url, key, md5, listed, task, progress, events, history, updated_at)
    SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::bigint[],
      $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
      $13::text[], $14::text[], $15::bigint[], $16::text[], $17::bigint[])
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
  readonly place: TransferPlace;
  readonly update: TransferUpdate;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Facts in one transaction: more would hold up others of their shards. */
const MOST = 1_000;

export function createFacts({ transaction }: Database): Tell {
  let waiting: Told[] = [];
  let isWorking = false;

  const write = async (told: readonly Told[]): Promise<void> => {
    try {
      await transaction((query, later) => writeFacts(query, later, told));
    } catch (error) {
      // One of them may be what can't be written: the others are not.
      if (told.length > 1 && !isPassing((error as Error).cause)) {
        for (const one of told) await write([one]);
      } else for (const { reject } of told) reject(error);
      return;
    }
    for (const { resolve } of told) resolve();
  };

  const work = async (): Promise<void> => {
    isWorking = true;
    while (waiting.length > 0) {
      // What comes in the same turn goes together.
      await new Promise((next) => setImmediate(next));
      const batch = waiting.slice(0, MOST);
      waiting = waiting.slice(MOST);
      await write(batch);
    }
    isWorking = false;
  };

  return (place, update) =>
    new Promise((resolve, reject) => {
      waiting.push({ place, update, resolve, reject });
      if (!isWorking) void work();
    });
}

/** What is told of the lines of one shard. */
interface Part {
  readonly runId: string;
  readonly shard: number;
  readonly told: readonly Told[];
}

/** What comes of it. */
interface Merged extends Pick<Part, 'runId' | 'shard'> {
  /** Its run's number; null for a run that is not there. */
  readonly run: number | null;
  readonly kept: ReadonlyMap<number, Kept>;
  readonly deltas: Readonly<Record<TransferState, number>>;
  readonly isReopened: boolean;
}

const keyOf = (runId: unknown, shard: unknown): string => `${runId}.${shard}`;

async function writeFacts(query: Query, later: Later, told: readonly Told[]): Promise<void> {
  const byShard = Map.groupBy(told, ({ place: { runId, shard } }) => keyOf(runId, shard));
  const parts = [...byShard]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, of]): Part => ({ ...(of[0] as Told).place, told: of }));
  const { runs, known } = await lockAndRead(query, parts);
  const merged = parts.map((part) => {
    const key = keyOf(part.runId, part.shard);
    return mergePart(part, runs.get(key) ?? null, known.get(key) ?? []);
  });
  writeKept(later, merged);
  const reopened = merged.filter(({ isReopened }) => isReopened).map(({ runId }) => runId);
  for (const runId of new Set(reopened)) later(SQL.discardClosing, runId);
}

/** What is read is read once the locks are held. */
async function lockAndRead(query: Query, parts: readonly Part[]) {
  const places = [parts.map(({ runId }) => runId), parts.map(({ shard }) => shard)] as const;
  const told = parts.flatMap((part) => part.told.map(({ place }) => place));
  const asked = [
    told.map(({ runId }) => runId),
    told.map(({ shard }) => shard),
    told.map(({ line }) => line),
  ];
  const ask = () => Promise.all([query(SQL.lock, ...places), query(SQL.known, ...asked)]);
  let [rows, known] = await ask();
  if (rows.length < parts.length) {
    await query(SQL.insertShards, ...places);
    [rows, known] = await ask();
  }
  const keyOfRow = ({ run_id: runId, shard }: Row): string => keyOf(runId, shard);
  return {
    runs: new Map(
      rows.map((row) => [keyOfRow(row), row['number'] === null ? null : Number(row['number'])]),
    ),
    known: Map.groupBy(known, keyOfRow),
  };
}

function mergePart({ runId, shard, told }: Part, run: number | null, rows: readonly Row[]): Merged {
  const kept = new Map(rows.map((row) => [Number(row['line']), toKept(row)]));
  const deltas = Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0]));
  let isReopened = false;
  for (const {
    place: { line },
    update,
  } of told) {
    const before = kept.get(line);
    const after = mergeInto(before, update, run !== null);
    kept.set(line, after);
    const [from, to] = [before?.state, after.state];
    if (from === to) continue;
    if (from) deltas[from] = (deltas[from] ?? 0) - 1;
    deltas[to] = (deltas[to] ?? 0) + 1;
    isReopened ||= from !== undefined && isFinal(from);
  }
  return { runId, shard, run, kept, deltas: deltas as Record<TransferState, number>, isReopened };
}

function writeKept(later: Later, parts: readonly Merged[]): void {
  const changed = parts.flatMap(({ runId, shard, run, kept }) =>
    [...kept].flatMap(([line, each]) =>
      each.isChanged ? [{ runId, shard, run, line, each }] : [],
    ),
  );
  const thick = changed.flatMap(({ each: { thick: row }, ...place }) =>
    row ? [{ ...place, row }] : [],
  );
  if (thick.length > 0) {
    for (const { run, shard, kept } of parts) {
      const wasThin = [...kept].filter(([, each]) => each.thick && each.wasThin);
      if (wasThin.length === 0) continue;
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
      ...[thick.map(({ runId }) => runId), thick.map(({ shard }) => shard)],
      ...[thick.map(({ line }) => line), column('state'), column('attempt')],
      ...[column('class'), column('cause'), column('accepted'), column('url'), column('key')],
      ...[column('md5'), column('listed'), column('task'), column('progress'), column('events')],
      ...[column('history'), column('updatedAt')],
    );
  }
  const thin = changed.flatMap(({ each: { thick: row, thin: it }, ...place }) =>
    !row && it ? [{ ...place, ...it }] : [],
  );
  later(
    SQL.write,
    ...[thin.map(({ run }) => run), thin.map(({ shard }) => shard)],
    ...[thin.map(({ line }) => line), thin.map(({ word }) => word)],
    thin.map(({ id }) => id ?? null),
    ...[parts.map(({ runId }) => runId), parts.map(({ shard }) => shard)],
    ...TRANSFER_STATES.map((state) => parts.map(({ deltas }) => deltas[state])),
  );
}
