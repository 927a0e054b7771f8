/** Encodes a transfer's history as stores keep it: one compact JSON text per entry. */
import type { TransferState } from './merge.ts';
import type { HistoryEntry, TransferEvent, TransferUpdate } from './model.ts';

/** Later events of a transfer change its state but are not listed: a caller may repeat for ever. */
export const HISTORY_LIMIT = 64;

type Line = readonly [
  at: number,
  attempt: number,
  event: TransferEvent,
  state: TransferState,
  providerId: string | null,
  code: string | null,
  requestId: string | null,
];

export function toEntryText(update: TransferUpdate): string {
  const accepted = update.accepted[0];
  if (accepted === undefined && !update.cause) {
    // Most entries: nothing in them needs escaping.
    const { at, attempt, event, state } = update;
    return `[${at.getTime()},${attempt},"${event}","${state}",null,null,null]`;
  }
  const line: Line = [
    update.at.getTime(),
    update.attempt,
    update.event,
    update.state,
    accepted === undefined ? null : accepted.slice(accepted.indexOf(':') + 1),
    update.cause?.code ?? null,
    update.cause?.requestId ?? null,
  ];
  return JSON.stringify(line);
}

/** @param written entries, separated by commas */
export const toHistory = (written: string): readonly HistoryEntry[] =>
  (JSON.parse(`[${written}]`) as Line[]).map(
    ([ms, attempt, event, state, providerId, code, requestId]) => ({
      at: new Date(ms),
      attempt,
      event,
      state,
      ...(providerId !== null && { providerId }),
      ...(code !== null && { code }),
      ...(requestId !== null && { requestId }),
    }),
  );

/** The provider's id of the highest attempt among `attempt:providerId`. */
export function latestId(accepted: readonly string[]): string | undefined {
  let found: { attempt: number; id: string } | undefined;
  for (const entry of accepted) {
    const colon = entry.indexOf(':');
    const attempt = Number(entry.slice(0, colon));
    if (!found || attempt >= found.attempt) found = { attempt, id: entry.slice(colon + 1) };
  }
  return found?.id;
}

/**
 * Whether an update is a poll without news: listing those would crowd out the entries that matter.
 * @param cause as JSON, of the merged fact and of the one before
 */
export const isIdle = (update: TransferUpdate, before: Snapshot, after: Snapshot): boolean =>
  update.event === 'poll' &&
  before.state === after.state &&
  before.attempt === after.attempt &&
  before.cause === after.cause;

interface Snapshot {
  readonly state: TransferState;
  readonly attempt: number;
  readonly cause: string | undefined;
}
