/** When items expire: DynamoDB removes them within a few days after `ttl`, Unix seconds. */
export type Expiry = ReturnType<typeof createExpiry>;

const DAY_SECONDS = 86_400;

/** How much longer rows are kept than an ended run: it may take so long until `keepRows` looks at them. */
const LONGEST_RUN_DAYS = 30;

/** @param retentionDays how long an ended run is kept; 0 keeps everything for ever */
export function createExpiry(retentionDays: number) {
  const after = (at: Date, days: number): { readonly ttl?: number } =>
    retentionDays === 0 ? {} : { ttl: Math.floor(at.getTime() / 1_000) + days * DAY_SECONDS };
  const partDays = retentionDays + LONGEST_RUN_DAYS;
  return {
    /** Of marks, from when they were made. Undefined: never. */
    ended: (at: Date) => after(at, retentionDays),
    /** Of a run, from when it ended; when that is late, such as after a retry, with its first rows. */
    run: (at: Date, rowsUntil: number) => {
      const { ttl } = after(at, retentionDays);
      return ttl === undefined ? {} : { ttl: Math.min(ttl, rowsUntil) };
    },
    /** Of shards and transfers, from their last write: they must outlive their run. */
    part: (at: Date) => after(at, partDays),
  };
}
