/** The tables of the embedded ledger (docs/ledger.md). Instants are Unix milliseconds. */

const TABLES = `
CREATE TABLE IF NOT EXISTS runs (
  run_id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  trigger TEXT NOT NULL,
  operation TEXT NOT NULL,
  source TEXT,
  target TEXT,
  error TEXT,
  shard_count INTEGER,
  size_bytes INTEGER,
  closed_at INTEGER,
  handed_to TEXT,
  stopped_at INTEGER,
  totals TEXT,
  task TEXT,
  closing_at INTEGER,
  number INTEGER,
  migration_id TEXT,
  resumed_at INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_newest ON runs (created_at DESC, run_id DESC);

CREATE TABLE IF NOT EXISTS migrations (
  migration_id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  closed_at INTEGER,
  document TEXT NOT NULL,
  version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS migrations_newest ON migrations (created_at DESC, migration_id DESC);

CREATE TABLE IF NOT EXISTS shards (
  run_id TEXT NOT NULL,
  shard INTEGER NOT NULL,
  body TEXT,
  ended INTEGER NOT NULL DEFAULT 0,
  owner TEXT,
  leased_until INTEGER NOT NULL DEFAULT 0,
  windows TEXT NOT NULL DEFAULT '[]',
  first INTEGER,
  last INTEGER,
  lines INTEGER NOT NULL DEFAULT 0,
  header INTEGER NOT NULL DEFAULT 0,
  blank INTEGER NOT NULL DEFAULT 0,
  quarantined INTEGER NOT NULL DEFAULT 0,
  transfers INTEGER NOT NULL DEFAULT 0,
  warnings TEXT NOT NULL DEFAULT '{}',
  planned INTEGER NOT NULL DEFAULT 0,
  submitting INTEGER NOT NULL DEFAULT 0,
  submitted INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  succeeded INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL DEFAULT 0,
  marks TEXT NOT NULL DEFAULT '',
  described_at INTEGER,
  PRIMARY KEY (run_id, shard)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS transfers (
  run_id TEXT NOT NULL,
  shard INTEGER NOT NULL,
  line INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  class TEXT,
  cause TEXT,
  accepted TEXT NOT NULL,
  url TEXT,
  key TEXT,
  md5 TEXT,
  events INTEGER NOT NULL,
  history TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  task TEXT,
  progress TEXT,
  listed TEXT,
  PRIMARY KEY (run_id, shard, line)
) WITHOUT ROWID;

-- A healthy object: its run's number, its fact in one word (ledger/word.ts), the provider's id.
CREATE TABLE IF NOT EXISTS lines (
  run INTEGER NOT NULL,
  shard INTEGER NOT NULL,
  line INTEGER NOT NULL,
  word INTEGER NOT NULL,
  id TEXT,
  PRIMARY KEY (run, shard, line)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS claims (
  key TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS leases (
  name TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS nights (
  key TEXT NOT NULL,
  run_id TEXT NOT NULL,
  PRIMARY KEY (key, run_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS audit_log (
  at INTEGER NOT NULL,
  entry_id TEXT NOT NULL,
  subject TEXT,
  entry TEXT NOT NULL,
  PRIMARY KEY (at, entry_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS audit_log_subjects ON audit_log (subject, at, entry_id);

CREATE TABLE IF NOT EXISTS notes (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  version INTEGER NOT NULL
) WITHOUT ROWID;
`;

const FILLS = {
  'runs.number': `
UPDATE runs SET number = numbered.number FROM (
  SELECT run_id AS run, ROW_NUMBER() OVER (ORDER BY created_at, run_id) AS number FROM runs
) AS numbered WHERE run_id = numbered.run;`,
};

export const LEDGER_TABLES = {
  tables: TABLES,
  indexes: 'CREATE UNIQUE INDEX IF NOT EXISTS runs_number ON runs (number);',
  fills: FILLS,
};
