/** Proves a key among all workers: only one of them tries a key that none has shown to be good. */
import { BreakerOpenError } from '../lib/errors.ts';

/** What all workers know of a key. */
export interface BreakerState {
  read(): Promise<KeyRecord | undefined>;
  /** @param change the same record when there is nothing to write */
  update(change: (known: KeyRecord | undefined) => KeyRecord): Promise<unknown>;
  /** Whether this caller may try the key, as no other worker does. */
  take(owner: string): Promise<boolean>;
  drop(owner: string): Promise<void>;
}

export interface KeyRecord {
  /** Of the key itself, in a row; none when it was good at last. */
  readonly refusals: number;
  /** Unix milliseconds. */
  readonly at: number;
}

/** Refusals in a row that bar a key. */
export const LIMIT = 2;

/** After this the key may have been fixed: one more try, and one more refusal bars again. */
export const BARRED_MS = 600_000;

/** A key that was good so lately is tried by all workers at once. */
const PROVEN_MS = 600_000;

const POLL_MS = 500;

interface ProofOptions {
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<unknown>;
  /** Whether an error is a refusal of the key itself. */
  readonly isOfKey: (error: unknown) => boolean;
}

/** @returns makes a request with the key of a version, once no other worker tries it */
export function createProof(shared: BreakerState, { now, wait, isOfKey }: ProofOptions) {
  let barredVersion = -1;

  return async <A>(version: number, request: () => Promise<A>): Promise<A> => {
    const owner = crypto.randomUUID();
    for (;;) {
      const found = await shared.read();
      if (found?.refusals === 0 && now() - found.at < PROVEN_MS) break;
      const isRefused = (found?.refusals ?? 0) >= LIMIT && now() - (found?.at ?? 0) < BARRED_MS;
      // What bars an older key says nothing of the one that came with a later version here.
      if (isRefused && (version === 0 || version === barredVersion)) throw new BreakerOpenError();
      if (await shared.take(owner)) break;
      await wait(POLL_MS);
    }
    // What became of the call counts more than the note of it.
    const note = (change: Parameters<BreakerState['update']>[0]) =>
      shared.update(change).catch(() => {});
    try {
      const answer = await request();
      // Once in a while is enough: others only want to know that it is good.
      const isNoted = (each: KeyRecord) => each.refusals === 0 && now() - each.at < PROVEN_MS / 2;
      await note((each) => (each && isNoted(each) ? each : { refusals: 0, at: now() }));
      return answer;
    } catch (error) {
      if (isOfKey(error)) {
        barredVersion = version;
        await note((each) => ({ refusals: (each?.refusals ?? 0) + 1, at: now() }));
      }
      throw error;
    } finally {
      await shared.drop(owner).catch(() => {});
    }
  };
}
