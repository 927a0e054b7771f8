/**
 * Stores the thin rows of healthy objects in SQLite (`word.ts`): one integer and the provider's id for
 * each. A line is here or in `transfers`, never in both.
 */
import type { StatementSync } from 'node:sqlite';
import type { TransferCursor } from '../../../ledger/cursors.ts';
import type { TransferState } from '../../../ledger/merge.ts';
import type { Transfer, TransferPlace, TransferUpdate } from '../../../ledger/model.ts';
import { isThin, join, SUCCESS, type Thin, thinTransfer, toThin } from '../../../ledger/word.ts';
import { prepareAll, type Row, type SqliteFile } from '../file.ts';
import type { Counters } from './counters.ts';

export interface Lines {
  /** Merges a fact, within a commit; false when it needs a thick row, or there is one. */
  merge(place: TransferPlace, update: TransferUpdate): boolean;
  read(place: TransferPlace): Thin | undefined;
  /** For a thick row to take its place. */
  remove(place: TransferPlace): void;
  /** Drops what is known of a run that was removed. */
  forget(runId: string): void;
  /** Lines of a shard by their number: 1 for those that are here. */
  flags(runId: string, shard: number): Uint8Array;
  ofShard(runId: string, shard: number, states: readonly TransferState[]): readonly Transfer[];
  /** In order of shard and line, from the cursor on. */
  page(
    runId: string,
    from: TransferCursor,
    states: readonly TransferState[],
    limit: number,
  ): readonly Transfer[];
}

// Node 22 binds no numbered parameters by their place.
const PLACE = 'run = ? AND shard = ? AND line = ?';

const SQL = {
  number: 'SELECT number FROM runs WHERE run_id = ?',
  select: `SELECT word, id FROM lines WHERE ${PLACE}`,
  insert: `
    INSERT INTO lines SELECT ?, ?, ?, ?, ? WHERE NOT EXISTS (
      SELECT 1 FROM transfers WHERE run_id = ? AND shard = ? AND line = ?)
    ON CONFLICT DO NOTHING`,
  update: `UPDATE lines SET word = ?, id = ? WHERE ${PLACE}`,
  // What nearly every callback tells: what the provider took has arrived.
  succeed: `UPDATE lines SET word = ? WHERE ${PLACE} AND word < ${SUCCESS}`,
  remove: `DELETE FROM lines WHERE ${PLACE}`,
  numbers: 'SELECT line FROM lines WHERE run = ? AND shard = ? ORDER BY line DESC',
  ofShard: `
    SELECT line, word, id FROM lines
    WHERE run = ? AND shard = ? AND line > ? AND word >= ? AND word < ? ORDER BY line LIMIT ?`,
  holders: `
    SELECT shard FROM shards WHERE run_id = ? AND shard >= ?
      AND (? = 0 AND submitted > 0 OR ? > ${SUCCESS} AND succeeded > 0) ORDER BY shard`,
} as const;

export function createLines(file: SqliteFile, counters: Counters): Lines {
  const sql = prepareAll(file.db, SQL);
  const { numberOf, forget } = createNumbers(file, sql.number);
  const read = (run: number, { shard, line }: TransferPlace): Thin | undefined => {
    const row = sql.select.get(run, shard, line) as Row | undefined;
    return row && toThinRow(row);
  };

  return {
    merge(place, update) {
      const run = isThin(update) ? numberOf(place.runId) : undefined;
      if (run === undefined) return false;
      const { runId, shard, line } = place;
      const told = toThin(update);
      const { word, id = null } = told;
      if (id === null && word >= SUCCESS) {
        if (sql.succeed.run(word, run, shard, line).changes === 1) {
          counters.move(runId, shard, 'submitted', 'succeeded');
          return true;
        }
      }
      if (sql.insert.run(run, shard, line, word, id, runId, shard, line).changes === 1) {
        counters.move(runId, shard, undefined, stateOf(told));
        return true;
      }
      const before = read(run, place);
      const after = before && join(before, update);
      if (!before || !after) return false;
      sql.update.run(after.word, after.id ?? null, run, shard, line);
      if (stateOf(before) !== stateOf(after)) {
        counters.move(runId, shard, stateOf(before), stateOf(after));
      }
      return true;
    },
    read(place) {
      const run = numberOf(place.runId);
      return run === undefined ? undefined : read(run, place);
    },
    remove({ runId, shard, line }) {
      sql.remove.run(numberOf(runId) ?? 0, shard, line);
    },
    flags(runId, shard) {
      let flags = new Uint8Array();
      for (const row of sql.numbers.iterate(numberOf(runId) ?? 0, shard)) {
        const line = Number((row as Row)['line']);
        if (flags.length === 0) flags = new Uint8Array(line + 1);
        flags[line] = 1;
      }
      return flags;
    },
    forget,
    ...createPages(sql, numberOf),
  };
}

/** Reads the rows of a shard, or of a run from a cursor on. */
function createPages(
  sql: Readonly<Record<keyof typeof SQL, StatementSync>>,
  numberOf: (runId: string) => number | undefined,
): Pick<Lines, 'ofShard' | 'page'> {
  const ofShard = (
    place: Pick<TransferPlace, 'runId' | 'shard'>,
    after: number,
    [from, below]: Words,
    limit: number,
  ): readonly Transfer[] => {
    const run = numberOf(place.runId) ?? 0;
    const rows = sql.ofShard.all(run, place.shard, after, from, below, limit) as Row[];
    return rows.map((row) => thinTransfer({ ...place, line: Number(row['line']) }, toThinRow(row)));
  };

  return {
    ofShard(runId, shard, states) {
      const words = wordsOf(states);
      return words ? ofShard({ runId, shard }, -1, words, -1) : [];
    },
    page(runId, from, states, limit) {
      const words = wordsOf(states);
      if (!words) return [];
      const items: Transfer[] = [];
      for (const row of sql.holders.iterate(runId, from.shard, ...words)) {
        const shard = Number((row as Row)['shard']);
        const after = shard === from.shard ? from.line : -1;
        items.push(...ofShard({ runId, shard }, after, words, limit - items.length));
        if (items.length >= limit) break;
      }
      return items;
    },
  };
}

/** Numbers of runs, by which thin rows name them; undefined for a run that is not there. */
function createNumbers({ onCommit }: SqliteFile, select: StatementSync) {
  const known = new Map<string, number>();
  // A run that was opened in a commit that failed has none.
  onCommit({ before: () => {}, discard: () => known.clear() });
  const numberOf = (runId: string): number | undefined => {
    let number = known.get(runId);
    if (number !== undefined) return number;
    number = (select.get(runId) as { number: number } | undefined)?.number;
    if (known.size >= MOST_NUMBERS) known.clear();
    if (number !== undefined) known.set(runId, number);
    return number;
  };
  return { numberOf, forget: (runId: string): void => void known.delete(runId) };
}

const MOST_NUMBERS = 1_000;

const stateOf = ({ word }: Thin): 'submitted' | 'succeeded' =>
  word >= SUCCESS ? 'succeeded' : 'submitted';

const toThinRow = ({ word, id }: Row): Thin => ({
  word: Number(word),
  id: id === null ? undefined : String(id),
});

type Words = readonly [from: number, below: number];

/** The range of words of these states; undefined when no thin row has one of them. */
function wordsOf(states: readonly TransferState[]): Words | undefined {
  const [submitted, succeeded] = [states.includes('submitted'), states.includes('succeeded')];
  if (!submitted && !succeeded) return undefined;
  return [submitted ? 0 : SUCCESS, succeeded ? Number.MAX_SAFE_INTEGER : SUCCESS];
}
