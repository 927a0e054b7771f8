/**
 * The thin row of a healthy object: its latest fact as one integer, beside the provider's id of its
 * only attempt. The integer compares like the facts: state first, then instant, then event. Whatever
 * does not fit (refused, failed, sent again, a task) is a thick row with its history.
 */
import { merge } from './merge.ts';
import type { Acceptance, Transfer, TransferPlace, TransferUpdate } from './model.ts';

export interface Thin {
  readonly word: number;
  /** Of attempt 1; undefined while only its outcome is known. */
  readonly id?: string | undefined;
}

const EVENTS = ['accepted', 'callback', 'poll', 'resolved'] as const;

/** As in `merge.ts`, but small enough that a word is an exact number. */
const WEIGHT = { submitted: 12, succeeded: 500 } as const;

const STATE = 2 ** 44;
const INSTANT = EVENTS.length;

/** Words from this one on tell of a success, those below of an acceptance. */
export const SUCCESS = WEIGHT.succeeded * STATE;

const codeOf = (event: TransferUpdate['event']): number =>
  (EVENTS as readonly string[]).indexOf(event);

/**
 * Whether a thin row can hold the fact. A poll that found the object still on its way is none: the
 * instant of the acceptance must stay.
 */
export const isThin = (update: TransferUpdate): boolean => {
  const { accepted, at, attempt, cause, event, progress, state, task } = update;
  return (
    attempt === 1 &&
    (state === 'succeeded' || (state === 'submitted' && event === 'accepted')) &&
    !cause &&
    !task &&
    !progress &&
    accepted.length <= 1 &&
    accepted[0]?.startsWith('1:') !== false &&
    codeOf(event) >= 0 &&
    at.getTime() >= 0 &&
    at.getTime() * INSTANT < STATE
  );
};

/** @param update one that `isThin` */
export function toThin({ accepted, at, event, state }: TransferUpdate): Thin {
  const weight = state === 'succeeded' ? WEIGHT.succeeded : WEIGHT.submitted;
  const word = weight * STATE + at.getTime() * INSTANT + codeOf(event);
  return { word, ...(accepted[0] !== undefined && { id: accepted[0].slice(2) }) };
}

/** The acceptance as an update. */
export const acceptedUpdate = ({ id, at }: Acceptance): TransferUpdate => ({
  state: 'submitted',
  attempt: 1,
  accepted: [`1:${id}`],
  at,
  event: 'accepted',
});

/** The fact that a thin row holds, as it would be told. */
export function toUpdate({ word, id }: Thin): TransferUpdate {
  const rest = word % STATE;
  return {
    state: word >= SUCCESS ? 'succeeded' : 'submitted',
    attempt: 1,
    accepted: id === undefined ? [] : [`1:${id}`],
    at: new Date(Math.floor(rest / INSTANT)),
    event: EVENTS[rest % INSTANT] ?? 'accepted',
  };
}

/** The thin row after one more fact; undefined when both together need a thick one. */
export function join(thin: Thin, update: TransferUpdate): Thin | undefined {
  if (!isThin(update)) return undefined;
  const { accepted } = merge(toUpdate(thin), update);
  if (accepted.length > 1) return undefined;
  return { word: Math.max(thin.word, toThin(update).word), id: accepted[0]?.slice(2) };
}

/** Its history is one entry: its latest fact. */
export function thinTransfer({ runId, shard, line }: TransferPlace, thin: Thin): Transfer {
  const { accepted, at, attempt, event, state } = toUpdate(thin);
  const known = thin.id === undefined ? {} : { providerId: thin.id };
  return {
    transferId: `${runId}.${shard}.${line}`,
    runId,
    shard,
    line,
    state,
    attempt,
    accepted,
    ...known,
    updatedAt: at,
    history: [{ at, attempt, event, state, ...known }],
  };
}
