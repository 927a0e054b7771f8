/**
 * Brings the tables of a SQLite file to this version, from any earlier one. What is missing is found by
 * looking, not by the file's version: all that an earlier version ever wrote can be opened.
 */
import { DatabaseSync } from 'node:sqlite';
import { FILE_VERSION, type Row } from './file.ts';

interface Tables {
  /** Each made unless it exists. */
  readonly tables: string;
  /** Each made unless it exists, on columns that may be new. */
  readonly indexes: string;
  /** Fill a new column, by `<table>.<column>`. */
  readonly fills: Readonly<Record<string, string>>;
}

/** All or nothing: a process that ends in the middle leaves the file as it was. */
export function prepareTables(db: DatabaseSync, { tables, indexes, fills }: Tables): void {
  db.exec('BEGIN IMMEDIATE');
  db.exec(tables);
  for (const { table, name, definition } of missingColumns(db, tables)) {
    db.exec(`ALTER TABLE ${table} ADD COLUMN ${name} ${definition}`);
    const fill = fills[`${table}.${name}`];
    if (fill !== undefined) db.exec(fill);
  }
  db.exec(indexes);
  db.exec(`PRAGMA user_version = ${FILE_VERSION}`);
  db.exec('COMMIT');
}

const COLUMNS = `
  SELECT tables.name AS "table", columns.name, columns.type, columns."notnull", columns.dflt_value
  FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
  WHERE tables.type = 'table' ORDER BY tables.name, cid`;

function missingColumns(db: DatabaseSync, tables: string) {
  const fresh = new DatabaseSync(':memory:');
  try {
    fresh.exec(tables);
    const idOf = ({ table, name }: Row): string => `${table}.${name}`;
    const found = new Set((db.prepare(COLUMNS).all() as Row[]).map(idOf));
    const wanted = fresh.prepare(COLUMNS).all() as Row[];
    return wanted
      .filter((row) => !found.has(idOf(row)))
      .map(({ table, name, type, notnull, dflt_value: value }) => ({
        table,
        name,
        definition: `${type}${notnull ? ' NOT NULL' : ''}${value === null ? '' : ` DEFAULT ${value}`}`,
      }));
  } finally {
    fresh.close();
  }
}
