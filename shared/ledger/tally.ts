/** The tally of a shard: what reading it found. */

/** What is odd about a line that is sent all the same. */
export type WarningReason =
  | 'URL_CREDENTIALS'
  | 'URL_NO_SCHEME'
  | 'KEY_LEADING_SLASH'
  | 'KEY_OUTER_BLANK'
  | 'KEY_ENCODED'
  | 'KEY_REPEATED'
  | 'KEY_LOOKALIKE'
  | 'VALUE_IGNORED';

/** What reading a shard found; the tallies of a run prove that its manifest was read whole. */
export interface Tally {
  /** First byte of the first line owned, undefined when the shard owns none. */
  readonly first?: number;
  /** Byte after the last line owned. */
  readonly last?: number;
  /** All lines owned: header + blank + quarantined + transfers. */
  readonly lines: number;
  readonly header: number;
  readonly blank: number;
  readonly quarantined: number;
  readonly transfers: number;
  /** How often each warning was given. */
  readonly warnings: Readonly<Partial<Record<WarningReason, number>>>;
}

/** Of nothing read. */
export const NO_TALLY: Tally = {
  lines: 0,
  header: 0,
  blank: 0,
  quarantined: 0,
  transfers: 0,
  warnings: {},
};
