/**
 * The tables of Waybill in PostgreSQL (docs/postgresql.md), all in the schema `waybill`, and their
 * versions. Instants are Unix milliseconds by the server's clock where they are of queue and leases.
 */
import pg from 'pg';
import { StoreError } from '../../lib/errors.ts';
import type { PostgresAddress } from './address.ts';
import { FUNCTIONS, SCHEMA_LOCK } from './blocks.ts';
import { clientConfig, type Database } from './database.ts';
import { codeOf, NO_RIGHT, READ_ONLY, toStoreError } from './faults.ts';

const LEDGER = `
CREATE TABLE waybill.runs (
  run_id text COLLATE "C" PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  created_at bigint NOT NULL,
  state text NOT NULL,
  trigger text NOT NULL,
  operation text NOT NULL,
  source text,
  target text,
  task text,
  error text,
  shard_count bigint,
  size_bytes bigint,
  totals text,
  handed_to text,
  migration_id text,
  stopped_at bigint,
  resumed_at bigint,
  closing_at bigint,
  closed_at bigint
);
CREATE INDEX runs_newest ON waybill.runs (created_at DESC, run_id DESC);

CREATE TABLE waybill.migrations (
  migration_id text COLLATE "C" PRIMARY KEY,
  created_at bigint NOT NULL,
  state text NOT NULL,
  closed_at bigint,
  document text NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX migrations_newest ON waybill.migrations (created_at DESC, migration_id DESC);

CREATE TABLE waybill.shards (
  run_id text COLLATE "C" NOT NULL,
  shard integer NOT NULL,
  body text,
  ended smallint NOT NULL DEFAULT 0,
  owner text,
  leased_until bigint NOT NULL DEFAULT 0,
  windows text NOT NULL DEFAULT '[]',
  marks text NOT NULL DEFAULT '',
  first bigint,
  last bigint,
  lines bigint NOT NULL DEFAULT 0,
  header bigint NOT NULL DEFAULT 0,
  blank bigint NOT NULL DEFAULT 0,
  quarantined bigint NOT NULL DEFAULT 0,
  transfers bigint NOT NULL DEFAULT 0,
  warnings text NOT NULL DEFAULT '{}',
  planned bigint NOT NULL DEFAULT 0,
  submitting bigint NOT NULL DEFAULT 0,
  submitted bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  cancelled bigint NOT NULL DEFAULT 0,
  succeeded bigint NOT NULL DEFAULT 0,
  updated_at bigint NOT NULL DEFAULT 0,
  described_at bigint,
  PRIMARY KEY (run_id, shard)
) WITH (fillfactor = 50);

CREATE TABLE waybill.transfers (
  run_id text COLLATE "C" NOT NULL,
  shard integer NOT NULL,
  line bigint NOT NULL,
  state text NOT NULL,
  attempt bigint NOT NULL,
  class text,
  cause text,
  accepted text NOT NULL,
  url text,
  key text,
  md5 text,
  listed text,
  task text,
  progress text,
  events bigint NOT NULL,
  history text NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (run_id, shard, line)
);

-- A healthy object: its run's number, its fact in one word (ledger/word.ts), the provider's id.
CREATE TABLE waybill.lines (
  run bigint NOT NULL,
  shard integer NOT NULL,
  line bigint NOT NULL,
  word bigint NOT NULL,
  id text,
  PRIMARY KEY (run, shard, line)
) PARTITION BY RANGE (run);

CREATE TABLE waybill.claims (
  key text PRIMARY KEY,
  run_id text NOT NULL,
  request_hash text NOT NULL,
  at bigint NOT NULL
);
CREATE TABLE waybill.leases (
  name text PRIMARY KEY,
  owner text NOT NULL,
  until bigint NOT NULL
);
CREATE TABLE waybill.nights (
  key text NOT NULL,
  run_id text NOT NULL,
  PRIMARY KEY (key, run_id)
);
CREATE TABLE waybill.notes (
  name text PRIMARY KEY,
  text text NOT NULL,
  version bigint NOT NULL
);`;

const QUEUE = `
-- A delivery has a number, which goes up with each of them: an older one changes nothing.
CREATE TABLE waybill.messages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text NOT NULL,
  message_group text NOT NULL,
  body text NOT NULL,
  visible_at bigint NOT NULL,
  receives bigint NOT NULL DEFAULT 0,
  delivery bigint NOT NULL DEFAULT 0
);
CREATE INDEX messages_waiting ON waybill.messages (queue, message_group, visible_at, id);

CREATE TABLE waybill.message_groups (
  id bigint GENERATED ALWAYS AS IDENTITY,
  queue text NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (queue, name)
);`;

const AUDIT_LOG = `
CREATE TABLE waybill.audit_log (
  at bigint NOT NULL,
  entry_id text COLLATE "C" NOT NULL,
  subject text,
  entry text NOT NULL,
  PRIMARY KEY (at, entry_id)
);
CREATE INDEX audit_log_subjects ON waybill.audit_log (subject, at, entry_id);`;

/** Each brings the tables from the version before to its own; an empty one brings new functions alone. */
const STEPS: readonly string[] = [`${LEDGER}${QUEUE}`, AUDIT_LOG, ''];

export const VERSION = STEPS.length;

const VERSION_OF = 'SELECT version FROM waybill.schema_version';

/** @returns the version before; 0 when there were no tables @throws StoreError */
export async function migrateDatabase(address: PostgresAddress): Promise<number> {
  const client = new pg.Client(clientConfig(address));
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query('SHOW server_encoding');
    const encoding = String(rows[0]?.server_encoding);
    if (encoding !== 'UTF8') {
      throw new StoreError(
        `PostgreSQL at ${address.name} keeps texts as ${encoding}; expected a database in UTF8.`,
      );
    }
    await client.query('BEGIN');
    // Of the transaction: a pool between us and the server may give it no other session.
    await client.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    const { rows: found } = await client.query(
      "SELECT to_regclass('waybill.schema_version') AS it",
    );
    const before =
      found[0]?.it === null ? 0 : Number((await client.query(VERSION_OF)).rows[0].version);
    refuseNewer(before, address);
    if (before === 0) {
      await client.query(
        `CREATE SCHEMA IF NOT EXISTS waybill;
        CREATE TABLE waybill.schema_version (version integer NOT NULL);
        INSERT INTO waybill.schema_version VALUES (0)`,
      );
    }
    for (const step of STEPS.slice(before)) await client.query(step);
    if (before < VERSION) await client.query(FUNCTIONS);
    await client.query('UPDATE waybill.schema_version SET version = $1', [VERSION]);
    await client.query('COMMIT');
    return before;
  } catch (error) {
    throw toStoreError(error, address.name, address.user);
  } finally {
    await client.end().catch(() => {});
  }
}

const REMEDY = 'run `waybill database migrate`';

/** @throws StoreError when its tables are not those of this program, or it can't be written */
export async function checkDatabase(database: Database): Promise<void> {
  const { address } = database;
  const version = await database
    .query({ name: 'version', text: VERSION_OF })
    .catch((error: unknown) => {
      // No such schema, no such table.
      const { cause } = error as StoreError;
      if (['3F000', '42P01'].includes(codeOf(cause))) return undefined;
      throw error;
    });
  if (!version)
    throw new StoreError(`PostgreSQL at ${address.name} has no tables of Waybill: ${REMEDY}.`);
  const found = Number(version[0]?.['version']);
  refuseNewer(found, address);
  if (found < VERSION) {
    throw new StoreError(
      `PostgreSQL at ${address.name} has tables of version ${found}, this program needs ${VERSION}: ${REMEDY}.`,
    );
  }
  await checkRights(database);
}

/** Fails as a write would, where it may be none of those. @throws StoreError */
async function checkRights({ address, query }: Database): Promise<void> {
  const [found] = await query({ name: 'rights', text: RIGHTS });
  if (found?.['read_only'] === 1)
    throw toStoreError({ code: READ_ONLY }, address.name, address.user);
  const missing = found?.['missing'];
  if (typeof missing !== 'string') return;
  const error = { code: NO_RIGHT, message: `it may not write ${missing}` };
  throw toStoreError(error, address.name, address.user);
}

const RIGHTS = `
  SELECT CASE current_setting('transaction_read_only') WHEN 'on' THEN 1 ELSE 0 END::bigint AS read_only,
    (SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class
      WHERE relnamespace = 'waybill'::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition AND relname <> 'schema_version'
        AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
          AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))
    ) AS missing`;

function refuseNewer(found: number, { name }: PostgresAddress): void {
  if (found <= VERSION) return;
  throw new StoreError(
    `PostgreSQL at ${name} has tables of version ${found}, this program knows ${VERSION}: they are of a newer Waybill.`,
  );
}
