/** The schemas of requests about migrations (spec section 16). */
import * as v from 'valibot';
import { isCronText } from '../lib/cron-text.ts';
import { inJson, strictObject, wholeNumber } from '../lib/validate.ts';
import { LIST_FORMATS } from '../manifest/sources/list-formats.ts';
import { AUDITS, MIGRATION_ROUTES } from '../migrations/record.ts';
import { listFilters } from '../runs/list-state.ts';
import { prefixRule, sameKeyRule, targetRule } from './fetch-rules.ts';
import { account, keyRule } from './requests.ts';

const CRON = 'expected minute, hour, day, month, weekday, such as 0 3 * * *';

const schedule = v.pipe(
  v.string(CRON),
  v.maxLength(100, CRON),
  v.check(isCronText, CRON),
  inJson({ pattern: '^[0-9A-Za-z*,/-]+(?: [0-9A-Za-z*,/-]+){4}$' }),
);

const name = v.pipe(
  v.string('expected a name of 1 to 200 characters'),
  v.trim(),
  v.minLength(1, 'expected a name of 1 to 200 characters'),
  v.maxLength(200, 'expected a name of 1 to 200 characters'),
);

/** Most objects of a pilot: it is a look, and every failure of it is read. */
const MAX_PILOT = 1_000;

export const migrationBody = v.pipe(
  strictObject({
    name: v.exactOptional(name),
    source: v.exactOptional(prefixRule),
    /** A list in the object store, in place of a source. */
    list: v.exactOptional(
      strictObject({
        key: keyRule(['lists/', 'inventories/']),
        format: v.exactOptional(
          v.picklist(LIST_FORMATS, `expected one of ${LIST_FORMATS.join(', ')}`),
        ),
        /** Where its keys are, unless it has addresses. */
        source: v.exactOptional(prefixRule),
      }),
    ),
    target: targetRule,
    route: v.optional(
      v.picklist(MIGRATION_ROUTES, `expected one of ${MIGRATION_ROUTES.join(', ')}`),
      'auto',
    ),
    filters: v.exactOptional(listFilters),
    pilot: v.optional(wholeNumber(0, MAX_PILOT), 20),
    audit: v.optional(v.picklist(AUDITS, `expected one of ${AUDITS.join(', ')}`), 'list'),
    start: v.optional(v.boolean('expected true or false'), true),
    credentials: account,
    onKeyExist: v.optional(sameKeyRule.wrapped, 'ignore'),
    schedule: v.exactOptional(schedule),
    stopAbove: v.optional(wholeNumber(1, 100), 20),
  }),
  v.forward(
    v.partialCheck(
      [['source'], ['list']],
      ({ source, list }) => (source === undefined) !== (list === undefined),
      'expected either a source or a list',
    ),
    ['source'],
  ),
  inJson({ oneOf: [{ required: ['source'] }, { required: ['list'] }] }),
);

export type MigrationBody = v.InferOutput<typeof migrationBody>;
