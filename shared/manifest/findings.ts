/**
 * The types of what reading a manifest finds: quarantined lines and warnings, each with its reason.
 */
import type { WarningReason } from '../ledger/tally.ts';

/** Why a line can't be sent. */
export type QuarantineReason =
  | 'LINE_TOO_LONG'
  | 'LINE_NOT_UTF8'
  | 'LINE_CONTROL_CHARACTER'
  | 'CSV_QUOTE'
  | 'CSV_COLUMNS'
  | 'JSON_INVALID'
  | 'URL_MISSING'
  | 'URL_HTTPS'
  | 'URL_SCHEME'
  | 'URL_HOST'
  | 'URL_NOT_ENCODED'
  | 'URL_SOURCE'
  | 'URL_SOURCE_UNKNOWN'
  | 'URL_SOURCE_DOMAIN'
  | 'KEY_EMPTY'
  | 'KEY_TOO_LONG'
  | 'KEY_DOTS'
  | 'MD5_INVALID'
  | 'ON_KEY_EXIST_INVALID'
  | 'LIST_MIXED';

interface Finding<Reason extends string> {
  /** Line within the shard (from 0), or of the file where a whole file is linted (from 1). */
  readonly line: number;
  /** Of the line's first byte in the manifest's (unpacked) bytes. */
  readonly byteOffset: number;
  readonly reason: Reason;
  /** What was expected, for a person. */
  readonly message: string;
  /** What the line or field should be, where that can be known. */
  readonly fix?: string;
}

/** A line that can't be sent, with its text cut to 1,024 characters. */
export interface Quarantined extends Finding<QuarantineReason> {
  readonly text: string;
}

export type Warning = Finding<WarningReason>;
