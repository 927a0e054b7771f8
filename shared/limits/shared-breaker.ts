/**
 * The part of a credential breaker that all workers share: only one of them tries a key that none
 * has shown to be good. Huawei locks a key after five failed checks, whichever worker made them.
 * The outcome is a note in the ledger, under a hash of the key's name.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../ledger/ledger.ts';
import { sha256Hex } from '../lib/encoding.ts';
import { BreakerOpenError } from '../lib/errors.ts';

export interface SharedBreaker {
  /**
   * Makes a call with a key that this worker does not know to be good.
   * @param version grows when the key was renewed: another one, of which nothing is known
   * @param isOfKey whether what `call` threw refuses the key itself
   * @throws BreakerOpenError (CREDENTIALS_REFUSED) when it was refused twice lately; what `call` throws
   */
  run<Answer>(
    version: number,
    call: () => Promise<Answer>,
    isOfKey: (error: unknown) => boolean,
  ): Promise<Answer>;
}

export interface SharedBreakerOptions {
  readonly ledger: Pick<Ledger, 'takeLease' | 'dropLease' | 'readNote' | 'swapNote'>;
  /** Names the key; never the secret. */
  readonly identity: string;
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

interface Known {
  /** In a row. */
  readonly refusals: number;
  readonly at: number;
}

const LIMIT = 2;

/** After this the key may have been fixed: one more try, and one more refusal bars again. */
const BARRED_MS = 600_000;

/** A key that was good so lately is tried by all at once. */
const PROVEN_MS = 600_000;

/** Longer than a call with its repeats. */
const LEASE_MS = 60_000;

const POLL_MS = 500;

export function createSharedBreaker({
  ledger,
  identity,
  now = Date.now,
  wait = sleep,
}: SharedBreakerOptions): SharedBreaker {
  const hash = sha256Hex(identity).slice(0, 32);
  let barredVersion = -1;

  const read = async (): Promise<Known | undefined> => {
    const note = await ledger.readNote(`key ${hash}`);
    return note && (JSON.parse(note.text) as Known);
  };
  const write = async (change: (known: Known | undefined) => Known): Promise<void> => {
    for (let tries = 0; tries < 5; tries += 1) {
      const note = await ledger.readNote(`key ${hash}`);
      const known = note && (JSON.parse(note.text) as Known);
      const text = JSON.stringify(change(known));
      if (await ledger.swapNote(`key ${hash}`, text, note?.version)) return;
    }
  };

  return {
    async run(version, call, isOfKey) {
      const owner = randomUUID();
      const lease = () => ({ owner, at: new Date(now()), leaseMs: LEASE_MS });
      for (;;) {
        const known = await read();
        if (known?.refusals === 0 && now() - known.at < PROVEN_MS) break;
        const isBarred =
          known !== undefined && known.refusals >= LIMIT && now() - known.at < BARRED_MS;
        // What bars an older key says nothing of the one that came with a later version here.
        if (isBarred && (version === 0 || version === barredVersion)) throw new BreakerOpenError();
        if (await ledger.takeLease(`key ${hash}`, lease())) break;
        await wait(POLL_MS);
      }
      try {
        const answer = await call();
        const known = await read();
        // Once in a while is enough: others only want to know that it is good.
        if (known?.refusals !== 0 || now() - known.at >= PROVEN_MS / 2) {
          await write(() => ({ refusals: 0, at: now() }));
        }
        return answer;
      } catch (error) {
        if (isOfKey(error)) {
          barredVersion = version;
          await write((known) => ({ refusals: (known?.refusals ?? 0) + 1, at: now() }));
        }
        throw error;
      } finally {
        await ledger.dropLease(`key ${hash}`, owner);
      }
    },
  };
}
