/** When items expire: DynamoDB removes them within a few days after `ttl`, Unix seconds. */

export interface Expiry {
  /** Of a run, from when it ended, and of marks. Undefined: never. */
  ended(at: Date): { readonly ttl?: number };
  /** Of shards and transfers, from their last write: they must outlive their run. */
  part(at: Date): { readonly ttl?: number };
}

const DAY_SECONDS = 86_400;
/** The longest that a run may take without losing rows before itself. */
const LONGEST_RUN_DAYS = 30;

/** @param retentionDays how long an ended run is kept; 0 keeps everything for ever */
export function createExpiry(retentionDays: number): Expiry {
  const after = (at: Date, days: number) =>
    retentionDays === 0 ? {} : { ttl: Math.floor(at.getTime() / 1_000) + days * DAY_SECONDS };
  return {
    ended: (at) => after(at, retentionDays),
    part: (at) => after(at, retentionDays + LONGEST_RUN_DAYS),
  };
}
