/** Names the files that only one service at a time may use. */
import { resolve } from 'node:path';
import type { StoresConfig } from '../stores/config.ts';

/** An SQLite file, and the variable that names it. */
export interface NamedFile {
  readonly name: string;
  readonly path: string;
}

/** The files of the ledger and the queue, where they are SQLite. */
export const sqliteFiles = ({ ledger, queue }: StoresConfig): readonly NamedFile[] =>
  [
    { name: 'WAYBILL_LEDGER', ...ledger },
    { name: 'WAYBILL_QUEUE', ...queue },
  ].flatMap(({ name, kind, place }) =>
    kind === 'sqlite' && place !== ':memory:' ? [{ name, path: resolve(place) }] : [],
  );
