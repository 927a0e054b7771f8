/** Converts items of the table to ledger types and back. */
import { latestId, toHistory } from '../../../ledger/history.ts';
import type { IntentWindow, Mark, ShardRecord } from '../../../ledger/ledger.ts';
import { type ListedFields, listedFieldsOf } from '../../../ledger/listed-fields.ts';
import { type Fact, TRANSFER_STATES, type TransferState } from '../../../ledger/merge.ts';
import {
  type ManifestTotals,
  type NewRun,
  type Operation,
  parseTransferId,
  type Run,
  type RunState,
  type Transfer,
  type TransferObject,
  type TransferProgress,
  type TransferTask,
} from '../../../ledger/model.ts';
import type { Shard } from '../../../ledger/shard.ts';
import { NO_TALLY, type Tally } from '../../../ledger/tally.ts';
import type { Totals } from '../../../ledger/totals.ts';
import { SUCCESS, type Thin } from '../../../ledger/word.ts';
import type { Cause } from '../../../lib/errors.ts';
import { has, type Item, json, list, number, text, type Value } from './item.ts';
import { createdSort, runKey } from './keys.ts';

export type StateCounts = Readonly<Record<TransferState, number>> &
  Pick<ShardRecord, 'leastTried' | 'withoutObject'>;

export const noCounts = (): Record<TransferState, number> =>
  Object.fromEntries(TRANSFER_STATES.map((state) => [state, 0])) as Record<TransferState, number>;

/** Until a run is closed it has `open`, by which the index of that name finds it. */
export function fromNewRun(run: NewRun): Item {
  const { runId, createdAt, trigger, operation, source, target, task, migrationId } = run;
  return {
    ...runKey(runId),
    runId,
    kind: 'run',
    open: 'open',
    created: createdSort(createdAt.getTime(), runId),
    createdAt: createdAt.getTime(),
    state: 'planning',
    trigger,
    operation,
    ...(source && { source: JSON.stringify(source) }),
    ...(target && { target: JSON.stringify(target) }),
    ...(task && { task: JSON.stringify(task) }),
    ...(migrationId !== undefined && { migrationId }),
  };
}

/** What older versions kept has no `unsent`. */
type KeptTotals = Omit<Totals, 'unsent'> & Partial<Totals>;

export function toRun(item: Item, { counts, readBytes, unsent = 0 }: KeptTotals): Run {
  return {
    runId: text(item, 'runId'),
    trigger: text(item, 'trigger') as Run['trigger'],
    operation: text(item, 'operation') as Operation,
    state: text(item, 'state') as RunState,
    createdAt: new Date(number(item, 'createdAt')),
    counts,
    readBytes,
    unsent,
    ...(has(item, 'source') && { source: json<NonNullable<Run['source']>>(item, 'source') }),
    ...(has(item, 'target') && { target: json<NonNullable<Run['target']>>(item, 'target') }),
    ...(has(item, 'task') && { task: json<NonNullable<Run['task']>>(item, 'task') }),
    ...(has(item, 'error') && { error: json<Cause>(item, 'error') }),
    ...(has(item, 'shardCount') && {
      plan: {
        shardCount: number(item, 'shardCount'),
        sizeBytes: number(item, 'sizeBytes'),
        ...(has(item, 'totals') && { totals: json<ManifestTotals>(item, 'totals') }),
      },
    }),
    ...(has(item, 'stoppedAt') && { stoppedAt: new Date(number(item, 'stoppedAt')) }),
    ...(has(item, 'resumedAt') && { resumedAt: new Date(number(item, 'resumedAt')) }),
    ...(has(item, 'closingAt') && { closingAt: new Date(number(item, 'closingAt')) }),
    ...(has(item, 'closedAt') && { closedAt: new Date(number(item, 'closedAt')) }),
    ...(has(item, 'handedTo') && { handedTo: text(item, 'handedTo') }),
    ...(has(item, 'migrationId') && { migrationId: text(item, 'migrationId') }),
  };
}

export const isOpenRun = (item: Item | undefined): boolean =>
  item?.['state'] === 'planning' || item?.['state'] === 'active';

export const toTally = (item: Item): Tally =>
  has(item, 'tally') ? json<Tally>(item, 'tally') : NO_TALLY;

/** How far a shard is. */
export const toState = (item: Item) => ({
  ended: item['ended'] === 1,
  updatedAt: new Date(number(item, 'updatedAt')),
  ...(has(item, 'leasedUntil') && { leasedUntil: new Date(number(item, 'leasedUntil')) }),
});

export const toShard = (item: Item): Shard => json<Shard>(item, 'body');

export const fromWindow = ({ through, at }: IntentWindow): string => `${through}@${at.getTime()}`;

export const toWindows = (item: Item): readonly IntentWindow[] =>
  list(item, 'windows').map((window) => {
    const [through, ms] = window.split('@').map(Number);
    return { through: through ?? 0, at: new Date(ms ?? 0) };
  });

export const toMarks = ({ marks }: Item): readonly Mark[] =>
  [...(marks instanceof Set ? marks : [])]
    .map((mark) => {
      const [line = 0, byte = 0] = mark.split(':').map(Number);
      return { line, byte };
    })
    .sort((a, b) => a.line - b.line);

export function toFact(item: Item): Fact {
  return {
    state: text(item, 'state') as TransferState,
    attempt: number(item, 'attempt'),
    accepted: toAccepted(item),
    ...(has(item, 'cause') && { cause: json<Cause>(item, 'cause') }),
  };
}

const toAccepted = (item: Item): readonly string[] => {
  const accepted = item['accepted'];
  return accepted instanceof Set ? [...accepted].sort() : [];
};

/** Whether the row is a thick one, with its history; a thin one is a word. */
export const isThick = (item: Item): boolean => has(item, 'rank');

export const rowState = (item: Item): TransferState => {
  if (isThick(item)) return text(item, 'state') as TransferState;
  return number(item, 'w') >= SUCCESS ? 'succeeded' : 'submitted';
};

/** @param packed the acceptance of its line, which knows the id */
export function toThinRow(item: Item, packed?: Thin): Thin {
  const id = has(item, 'id') ? text(item, 'id') : packed?.id;
  return { word: Math.max(number(item, 'w'), packed?.word ?? 0), ...(id !== undefined && { id }) };
}

/** @param item a thick row */
export function toTransfer(item: Item): Transfer {
  const transferId = text(item, 'transferId');
  const { runId, shard, line } = parseTransferId(transferId) ?? { runId: '', shard: 0, line: 0 };
  const fact = toFact(item);
  const providerId = latestId(fact.accepted);
  return {
    transferId,
    runId,
    shard,
    line,
    ...fact,
    ...(has(item, 'url') && { object: toObject(item) }),
    ...(has(item, 'task') && { task: json<TransferTask>(item, 'task') }),
    ...(providerId !== undefined && { providerId }),
    ...(has(item, 'progress') && { progress: json<TransferProgress>(item, 'progress') }),
    updatedAt: new Date(number(item, 'updatedAt')),
    history: toHistory(list(item, 'history').join(',')),
  };
}

const toObject = (item: Item): TransferObject => ({
  url: text(item, 'url'),
  key: text(item, 'key'),
  ...(has(item, 'md5') && { md5: text(item, 'md5') }),
  ...(has(item, 'listed') && json<ListedFields>(item, 'listed')),
});

/** What a transfer is about, as attributes: the first update that knows it says it. */
export const fromDescription = (
  object: TransferObject | undefined,
  task: TransferTask | undefined,
): Readonly<Record<string, Value>> => {
  const listed = object && listedFieldsOf(object);
  return {
    ...(object && { url: object.url, key: object.key }),
    ...(object?.md5 !== undefined && { md5: object.md5 }),
    ...(listed && { listed: JSON.stringify(listed) }),
    ...(task && { task: JSON.stringify(task) }),
  };
};
