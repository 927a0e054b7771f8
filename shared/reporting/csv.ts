/**
 * Writes the CSV reports of a run as streams of text: `rejected.csv`, the lines that could not be
 * sent; `failed.csv`, the transfers that failed or were cancelled; `rest.csv`, the lines of a stopped
 * run that were never sent. The last two are valid manifests again.
 */

import type { ListedColumn, ListedFields } from '../ledger/listed-fields.ts';
import type { TransferObject } from '../ledger/model.ts';
import { harmless, toCsvField } from '../lib/csv.ts';
import type { CauseClass } from '../lib/errors.ts';
import type { Quarantined } from '../manifest/findings.ts';

/** One transfer that failed or was cancelled. */
export interface FailedRow extends ListedFields {
  readonly url: string;
  readonly key: string;
  readonly md5?: string | undefined;
  /** How often it was submitted. */
  readonly attempts: number;
  readonly class?: CauseClass | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly requestId?: string | undefined;
  readonly transferId: string;
  readonly state: string;
}

type Rows<Row> = Iterable<Row> | AsyncIterable<Row>;

type Cell = string | number | undefined;

/** Rows are gathered into pieces of about this many characters. */
const PIECE_LENGTH = 65_536;

/**
 * Writes `rejected.csv`; lines count from 1, as `readRejected` gives them.
 * @param begun without the header: its first rows were written already
 */
export const writeRejectedCsv = (rows: Rows<Quarantined>, begun = false): AsyncGenerator<string> =>
  writeCsv(begun ? '' : 'line,byteOffset,reason,message,fix,text', rows, (row) => [
    row.line,
    row.byteOffset,
    row.reason,
    harmless(row.message),
    harmless(row.fix),
    harmless(row.text),
  ]);

const FAILED_HEADER = 'url,key,md5,attempts,class,code,message,requestId,transferId,state';

const withListed = (header: string, columns: readonly ListedColumn[]): string =>
  [header, ...columns].join(',');

const listedCells = (row: ListedFields, columns: readonly ListedColumn[]): readonly Cell[] =>
  columns.map((column) => row[column]);

/**
 * Writes `failed.csv`. What a manifest says stays exact, so that it can be submitted again.
 * @param columns what the manifest has besides url, key and md5
 * @param begun without the header: its first rows were written already
 */
export const writeFailedCsv = (
  rows: Rows<FailedRow>,
  columns: readonly ListedColumn[],
  begun = false,
): AsyncGenerator<string> =>
  writeCsv(begun ? '' : withListed(FAILED_HEADER, columns), rows, (row) => [
    row.url,
    row.key,
    row.md5,
    row.attempts,
    row.class,
    harmless(row.code),
    harmless(row.message),
    harmless(row.requestId),
    row.transferId,
    row.state,
    ...listedCells(row, columns),
  ]);

/** Writes `rest.csv`; its fields stay exact too. */
export const writeRestCsv = (
  rows: Rows<TransferObject>,
  columns: readonly ListedColumn[],
): AsyncGenerator<string> =>
  writeCsv(withListed('url,key,md5', columns), rows, (row) => [
    row.url,
    row.key,
    row.md5,
    ...listedCells(row, columns),
  ]);

async function* writeCsv<Row>(
  header: string,
  rows: Rows<Row>,
  cells: (row: Row) => readonly Cell[],
): AsyncGenerator<string> {
  let piece = header === '' ? '' : `${header}\r\n`;
  for await (const row of rows) {
    piece += `${cells(row).map(toCell).join(',')}\r\n`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

const toCell = (value: Cell): string => (value === undefined ? '' : toCsvField(String(value)));
