/** What is kept of one transfer, before and after facts are merged into it. */
import { HISTORY_LIMIT, isIdle, toEntryText } from '../../../ledger/history.ts';
import { listedFieldsOf } from '../../../ledger/listed-fields.ts';
import { type Fact, merge, type TransferState } from '../../../ledger/merge.ts';
import type { TransferUpdate } from '../../../ledger/model.ts';
import { isThin, join, SUCCESS, type Thin, toThin, toUpdate } from '../../../ledger/word.ts';
import { type Row, toAccepted } from '../../ledger-rows.ts';

export interface Kept {
  readonly state: TransferState;
  /** Its thin row, where it has or had none other. */
  readonly thin?: Thin;
  /** Whether that is stored. */
  readonly wasThin: boolean;
  readonly isChanged: boolean;
  /** What is to be written of its thick row, or added to it. */
  readonly thick?: Thick;
  /** Of a thick row, as it stands now. */
  readonly fact?: Fact & { readonly causeText: string | null; readonly events: number };
}

/** The columns of a thick row; events and history are those that are new. */
export interface Thick {
  readonly state: TransferState;
  readonly attempt: number;
  readonly class: string | null;
  readonly cause: string | null;
  readonly accepted: string;
  readonly url: string | null;
  readonly key: string | null;
  readonly md5: string | null;
  readonly listed: string | null;
  readonly task: string | null;
  readonly progress: string | null;
  readonly events: number;
  readonly history: string;
  readonly updatedAt: number;
}

const stateOf = ({ word }: Thin): TransferState => (word >= SUCCESS ? 'succeeded' : 'submitted');

/** Of a row of `lines` or `transfers`. */
export function toKept(row: Row): Kept {
  const stored = { wasThin: row['word'] !== null, isChanged: false };
  if (stored.wasThin) {
    const id = row['id'] === null ? undefined : String(row['id']);
    const thin = { word: Number(row['word']), id };
    return { ...stored, thin, state: stateOf(thin) };
  }
  const cause = row['cause'] === null ? null : String(row['cause']);
  const state = row['state'] as TransferState;
  const fact = {
    state,
    attempt: Number(row['attempt']),
    accepted: toAccepted(row),
    ...(cause !== null && { cause: JSON.parse(cause) }),
  };
  return { ...stored, state, fact: { ...fact, causeText: cause, events: Number(row['events']) } };
}

/** @param mayBeThin false where the run has no number */
export function mergeInto(
  before: Kept | undefined,
  update: TransferUpdate,
  mayBeThin: boolean,
): Kept {
  const wasThin = before?.wasThin ?? false;
  if (!before?.fact && mayBeThin && isThin(update)) {
    const thin = before?.thin ? join(before.thin, update) : toThin(update);
    if (thin) return { state: stateOf(thin), thin, wasThin, isChanged: true };
  }
  const healthy = before?.thin && !before.fact ? toUpdate(before.thin) : undefined;
  const known = before?.fact ?? healthy;
  const { state, attempt, accepted, cause } = known ? merge(known, update) : update;
  const causeText = cause ? JSON.stringify(cause) : null;
  const was = known && { ...known, cause: before?.fact?.causeText ?? undefined };
  const after = { state, attempt, cause: causeText ?? undefined };
  const isNews = !was || !isIdle(update, was, after);
  const told = [
    ...(healthy ? [toEntryText(healthy)] : []),
    ...(isNews ? [toEntryText(update)] : []),
  ];
  const events = before?.fact?.events ?? 0;
  const entries = told.slice(0, Math.max(0, HISTORY_LIMIT - events));
  const fact = { state, attempt, accepted, ...(cause && { cause }), causeText };
  return {
    state,
    wasThin,
    isChanged: true,
    ...(before?.thin && { thin: before.thin }),
    fact: { ...fact, events: events + entries.length },
    thick: addTo(before?.thick, update, {
      ...{ state, attempt, class: cause?.class ?? null, cause: causeText },
      ...{ accepted: JSON.stringify(accepted), events: entries.length, history: entries.join(',') },
      updatedAt: Math.max(update.at.getTime(), healthy?.at.getTime() ?? 0),
    }),
  };
}

type News = Omit<Thick, 'url' | 'key' | 'md5' | 'listed' | 'task' | 'progress'>;

/** What is to be written already, and more. The first object that is told stays, as the last progress. */
function addTo(waiting: Thick | undefined, update: TransferUpdate, news: News): Thick {
  const { object, task, progress } = update;
  const fields = object && listedFieldsOf(object);
  return {
    ...news,
    url: waiting?.url ?? object?.url ?? null,
    key: waiting?.key ?? object?.key ?? null,
    md5: waiting?.md5 ?? object?.md5 ?? null,
    listed: waiting?.listed ?? (fields ? JSON.stringify(fields) : null),
    task: waiting?.task ?? (task ? JSON.stringify(task) : null),
    progress: progress ? JSON.stringify(progress) : (waiting?.progress ?? null),
    events: (waiting?.events ?? 0) + news.events,
    history: [waiting?.history, news.history].filter(Boolean).join(','),
    updatedAt: Math.max(waiting?.updatedAt ?? 0, news.updatedAt),
  };
}
