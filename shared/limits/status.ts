/**
 * What workers saw of the provider APIs and of the keys to them, as one small note in the ledger: the
 * status of each API, for people, and the last refusals of each key, for the breakers of all workers.
 */
import * as v from 'valibot';
import type { Ledger } from '../ledger/ledger.ts';
import { type Notes, updateNote } from '../ledger/notes.ts';
import { sha256Hex } from '../lib/encoding.ts';
import { ProviderError } from '../lib/errors.ts';
import type { Step } from './ports.ts';
import type { BreakerState, KeyRecord } from './prove-key.ts';

const instant = v.pipe(v.string(), v.isoTimestamp());

const trouble = v.strictObject({
  at: instant,
  code: v.string(),
  message: v.string(),
  requestId: v.exactOptional(v.string()),
});

export const providerHealthShape = v.strictObject({
  /** Such as `cos-fetch` or `oms cn-north-4`. */
  api: v.string(),
  provider: v.picklist(['tencent', 'huawei']),
  /** `throttled` within the last minute, `refused` until a request was taken again. */
  state: v.picklist(['ok', 'throttled', 'refused']),
  since: instant,
  /** When a request was last taken; noted once in five seconds. */
  okAt: v.exactOptional(instant),
  throttled: v.exactOptional(trouble),
  refused: v.exactOptional(trouble),
});

type ApiStatus = v.InferOutput<typeof providerHealthShape>;
type State = ApiStatus['state'];

const healthNote = v.object({
  apis: v.array(providerHealthShape),
  /** By a hash of the key's name. */
  keys: v.record(v.string(), v.object({ refusals: v.number(), at: v.number() })),
});
type HealthNote = v.InferOutput<typeof healthNote>;

const NAME = 'health';

/** Nothing when it can't be understood, as another version may have written it. */
function parse(text: string | undefined): HealthNote {
  try {
    return v.parse(healthNote, JSON.parse(text ?? ''));
  } catch {
    return { apis: [], keys: {} };
  }
}

/** @throws StoreError */
export const readStatus = async (ledger: Pick<Ledger, 'readNote'>): Promise<readonly ApiStatus[]> =>
  parse((await ledger.readNote(NAME))?.text).apis;

/** Longer than a call with its repeats. */
const LEASE_MS = 60_000;

/** Of a key without a word for so long nothing is known any more. */
const KEPT_MS = 24 * 3_600_000;

/** @param identity names the key; never the secret */
export function noteState(
  ledger: Notes & Pick<Ledger, 'takeLease' | 'dropLease'>,
  identity: string,
  now: () => number = Date.now,
): BreakerState {
  const hash = sha256Hex(identity).slice(0, 32);
  const lease = `key ${hash}`;
  return {
    read: async () => parse((await ledger.readNote(NAME))?.text).keys[hash],
    update: (change) =>
      updateNote(ledger, NAME, parse, (note) => {
        const record = change(note.keys[hash]);
        if (record === note.keys[hash]) return note;
        const isKept = ([, { at }]: [string, KeyRecord]) => now() - at < KEPT_MS;
        const keys = Object.fromEntries(Object.entries(note.keys).filter(isKept));
        return { ...note, keys: { ...keys, [hash]: record } };
      }),
    take: (owner) => ledger.takeLease(lease, { owner, at: new Date(now()), leaseMs: LEASE_MS }),
    drop: (owner) => ledger.dropLease(lease, owner),
  };
}

interface WatchOptions {
  /** Of the provider. */
  readonly api: string;
  readonly ledger: Notes;
  readonly now?: () => Date;
}

/** Between two writes, unless the state is another one. */
const THROTTLED_MS = 60_000;

const OK_MS = 5_000;

/** A step that notes how the API answers; a note that can't be written is left out. */
export function watchStatus({ api, ledger, now = () => new Date() }: WatchOptions): Step {
  /** As noted last, by this worker or another. */
  let [noted, notedAt, okAt]: [State | undefined, number, number] = [undefined, 0, 0];

  /** Undefined where there is nothing to note, as after nearly every request. */
  const note = (heard: State, error?: ProviderError): Promise<void> | undefined => {
    const at = now().getTime();
    // Between throttled answers others are taken: that is no recovery yet.
    const isCalm = heard === 'ok' && noted === 'throttled' && at - notedAt < THROTTLED_MS;
    const everyMs = heard === 'throttled' ? THROTTLED_MS : OK_MS;
    const isSame = isCalm || noted === heard;
    if (isSame && at - (heard === 'ok' ? okAt : notedAt) < everyMs) return undefined;
    if (heard === 'ok') okAt = at;
    if (!isCalm) [noted, notedAt] = [heard, at];
    const noting = updateNote(ledger, NAME, parse, (known) => {
      const before = known.apis.find((each) => each.api === api);
      const state = isCalm ? (before?.state ?? 'throttled') : heard;
      const otherAt = Date.parse(before?.okAt ?? '');
      // Another worker has just noted the same.
      if (heard === 'ok' && before?.state === state && at - otherAt < OK_MS) {
        okAt = otherAt;
        return known;
      }
      const next = after(before, { api, at: new Date(at).toISOString(), heard, state, error });
      const apis = [...known.apis.filter((each) => each.api !== api), next];
      return { ...known, apis: apis.sort((a, b) => (a.api < b.api ? -1 : 1)) };
    });
    return noting.then(
      () => {},
      () => {},
    );
  };

  return async (request) => {
    try {
      const answer = await request();
      await note('ok');
      return answer;
    } catch (error) {
      if (error instanceof ProviderError) await note(stateOf(error), error);
      throw error;
    }
  };
}

const stateOf = ({ class: kind }: ProviderError): State =>
  kind === 'throttled' ? kind : kind === 'credentials' ? 'refused' : 'ok';

interface Heard {
  readonly api: string;
  readonly at: string;
  readonly heard: State;
  readonly state: State;
  readonly error: ProviderError | undefined;
}

function after(before: ApiStatus | undefined, { api, at, heard, state, error }: Heard): ApiStatus {
  const unknown = api.startsWith('oms') ? 'huawei' : 'tencent';
  const trouble = error && {
    at,
    code: error.providerCode,
    message: error.message.slice(0, 256),
    ...(error.requestId !== undefined && { requestId: error.requestId }),
  };
  return {
    ...before,
    api,
    provider: error?.provider ?? before?.provider ?? unknown,
    state,
    since: before?.state === state ? before.since : at,
    ...(heard === 'ok' ? { okAt: at } : { [heard]: trouble }),
  };
}
