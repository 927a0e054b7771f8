/** The schemas of queries that list page by page (spec section 6). */
import * as v from 'valibot';
import { RUN_CURSOR, TRANSFER_CURSOR } from '../ledger/cursors.ts';
import { TRANSFER_STATES } from '../ledger/merge.ts';
import { MIGRATION_ID, MIGRATION_STATES } from '../ledger/migration.ts';
import { OPERATIONS, RUN_STATES } from '../ledger/model.ts';
import { CAUSE_CLASSES } from '../lib/errors.ts';
import { inJson } from '../lib/validate.ts';
import { matching, parameters } from './requests.ts';

function limit(max: number, fallback: number) {
  const expected = `expected a whole number from 1 to ${max}`;
  const isWithin = (text: string) => /^\d{1,4}$/.test(text) && +text >= 1 && +text <= max;
  const json = { type: 'integer', minimum: 1, maximum: max, default: fallback };
  return v.pipe(
    v.optional(v.string(), String(fallback)),
    v.check(isWithin, expected),
    inJson(json),
    v.transform(Number),
  );
}

/** Comma-separated words of a list. */
const words = <Word extends string>(known: readonly Word[]) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(
        new RegExp(`^(?:${known.join('|')})(?:,(?:${known.join('|')}))*$`),
        `expected some of ${known.join(', ')}`,
      ),
      v.transform((list) => list.split(',')),
      v.array(v.picklist(known)),
      // A store may take only so many words.
      v.transform((list) => [...new Set(list)]),
    ),
  );

/** As the ledger makes them. */
const cursor = (pattern: RegExp) =>
  v.optional(v.pipe(v.string(), v.regex(pattern, 'expected a nextCursor of an earlier page')));

export const runsQuery = parameters({
  cursor: cursor(RUN_CURSOR),
  limit: limit(100, 20),
  /** Only runs of this migration; without it, only runs of none. */
  migration: v.optional(matching(MIGRATION_ID, 'the id of a migration')),
  operation: words(OPERATIONS),
  state: words(RUN_STATES),
});

export const auditLogQuery = parameters({
  cursor: cursor(RUN_CURSOR),
  /** Only entries of this run or migration. */
  id: v.optional(matching(/^[\w-]{1,64}$/, 'the id of a run or migration')),
  limit: limit(100, 20),
});

export const transfersQuery = parameters({
  cursor: cursor(TRANSFER_CURSOR),
  limit: limit(1_000, 100),
  state: words(TRANSFER_STATES),
  cause: words(CAUSE_CLASSES),
});

export const migrationsQuery = parameters({
  cursor: cursor(RUN_CURSOR),
  limit: limit(100, 20),
  state: words(MIGRATION_STATES),
});
