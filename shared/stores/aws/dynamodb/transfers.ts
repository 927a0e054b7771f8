/**
 * Stores transfers in DynamoDB. The acceptance and the outcome of a healthy object are one
 * conditional write each: the condition holds when the update outranks what is stored. Any other
 * update (late, repeated, a retry) is merged here and written if no other worker was faster.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { HISTORY_LIMIT, isIdle, toEntryText } from '../../../ledger/history.ts';
import { isFinal, merge, rank, type TransferState } from '../../../ledger/merge.ts';
import { parseTransferId, type TransferPlace, type TransferUpdate } from '../../../ledger/model.ts';
import { isThin, join, type Thin, thinTransfer, toThin, toUpdate } from '../../../ledger/word.ts';
import { StoreError } from '../../../lib/errors.ts';
import type { TransferCalls } from '../../ledger-parts.ts';
import { createAccept } from './accept.ts';
import type { Counting } from './counts.ts';
import type { Expiry } from './expiry.ts';
import { has, type Item, list, number, text } from './item.ts';
import { type Key, lineSort, transferKey } from './keys.ts';
import { type Packs, packedThin } from './packs.ts';
import { createPages } from './pages.ts';
import type { Rollups } from './rollups.ts';
import { fromDescription, isThick, toFact, toThinRow, toTransfer } from './rows.ts';
import type { Table } from './table.ts';

interface TransferOptions {
  readonly table: Table;
  readonly packs: Packs;
  readonly counting: Counting;
  readonly expiry: Expiry;
  readonly rollups: Rollups;
  readonly wait?: (ms: number) => Promise<unknown>;
}

export function createTransfers(options: TransferOptions): TransferCalls {
  const { table, counting, packs } = options;
  const succeed = createSucceed(options);
  const advance = createAdvance(options);
  const settle = createSettle(options);

  const record: TransferCalls['record'] = async (transferId, update) => {
    const place = parseTransferId(transferId);
    if (!place) throw new TypeError(`Not a transfer id: ${transferId}`);
    const isWritten = isThin(update)
      ? await succeed(place, update)
      : await advance(place, transferId, update);
    if (!isWritten) await settle(place, transferId, update);
    counting.forget(place.runId, place.shard);
  };

  const accept = createAccept(options, record);

  return {
    record,
    async accept(shard, acceptances) {
      await accept(shard, acceptances);
      counting.forget(shard.runId, shard.index);
    },
    async read(transferId) {
      const place = parseTransferId(transferId);
      const item = place && (await table.get(transferKey(place)));
      if (!place || (item && isThick(item))) return item && toTransfer(item);
      const thin = await thinOf(item, place, packs);
      return thin && thinTransfer(place, thin);
    },
    ...createPages(options),
  };
}

/** What is known of a line that has no thick row. */
async function thinOf(
  item: Item | undefined,
  place: TransferPlace,
  packs: Pick<Packs, 'find'>,
): Promise<Thin | undefined> {
  const packed = await packs.find(place);
  const accepted = packed && packedThin(packed);
  return item ? toThinRow(item, accepted) : accepted;
}

/**
 * The one write of a healthy object: its success. False when there is another fact to merge with, and
 * then nothing was written.
 */
function createSucceed({ table, expiry }: TransferOptions) {
  return async (place: TransferPlace, update: TransferUpdate): Promise<boolean> => {
    if (update.state !== 'succeeded' || update.accepted.length > 0) return false;
    const { ttl } = expiry.part(update.at);
    const values = { w: toThin(update).word, ...(ttl !== undefined && { ttl }) };
    const set = ttl === undefined ? 'SET #w = :w' : 'SET #w = :w, #ttl = :ttl';
    const isBehind = 'attribute_not_exists(#w) OR #w < :w';
    return table.update(
      transferKey(place),
      set,
      values,
      `attribute_not_exists(#rank) AND (${isBehind})`,
    );
  };
}

/** The cause's class stands by itself, for filters. */
const causeOf = ({ cause }: Pick<TransferUpdate, 'cause'>) =>
  cause && { cause: JSON.stringify(cause), class: cause.class };

/**
 * The one write of a thick row that is on its way, and an update that goes farther. False when it is
 * not that case, and then nothing was written.
 */
function createAdvance({ table, expiry }: TransferOptions) {
  return (place: TransferPlace, transferId: string, update: TransferUpdate): Promise<boolean> => {
    const { state, attempt, accepted, at, event, object, task, progress } = update;
    // Orders change what may be final, and polls are mostly idle.
    if (state === 'planned' || (event === 'poll' && state === 'submitted')) {
      return Promise.resolve(false);
    }
    const described = fromDescription(object, task);
    const cause = causeOf(update);
    const { ttl } = expiry.part(at);
    const failed = state === 'failed';
    const values = {
      transferId,
      state,
      attempt,
      rank: rank(update),
      updatedAt: at.getTime(),
      one: 1,
      none: [],
      entry: [toEntryText(update)],
      ...described,
      ...cause,
      ...(progress && { progress: JSON.stringify(progress) }),
      ...(failed && { failed: lineSort(place.line) }),
      ...(ttl !== undefined && { ttl }),
      ...(accepted.length > 0 && { accepted: new Set(accepted) }),
      onItsWay0: 'submitting',
      onItsWay1: 'submitted',
      most: HISTORY_LIMIT,
    };
    const set = [
      ...['transferId', 'state', 'attempt', 'rank', 'updatedAt'],
      ...Object.keys(cause ?? {}),
      ...(progress ? ['progress'] : []),
      ...(failed ? ['failed'] : []),
      ...(ttl === undefined ? [] : ['ttl']),
    ].map((name) => `#${name} = :${name}`);
    const setOnce = Object.keys(described).map(
      (name) => `#${name} = if_not_exists(#${name}, :${name})`,
    );
    const history = '#history = list_append(if_not_exists(#history, :none), :entry)';
    const remove = [...(cause ? [] : ['#cause', '#class']), ...(failed ? [] : ['#failed'])];
    const expression = [
      `SET ${[...set, ...setOnce, history].join(', ')}`,
      ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : []),
      `ADD #version :one${accepted.length > 0 ? ', #accepted :accepted' : ''}`,
    ].join(' ');
    return table.update(
      transferKey(place),
      expression,
      values,
      `#rank < :rank AND #state IN (:onItsWay0, :onItsWay1)
        AND #updatedAt <= :updatedAt AND size(#history) < :most`,
    );
  };
}

const MAX_TRIES = 30;

/** Reads, merges and writes, until nobody else wrote in between. */
function createSettle(options: TransferOptions) {
  const { table, expiry, packs, rollups, wait = sleep } = options;

  /** @param item none, or a thin one; undefined when the two need a thick row */
  const joinThin = async (
    key: Key,
    item: Item | undefined,
    known: Thin | undefined,
    update: TransferUpdate,
  ): Promise<boolean | undefined> => {
    const after = known ? join(known, update) : isThin(update) ? toThin(update) : undefined;
    if (!after) return undefined;
    if (after.word === known?.word && after.id === known.id) return true;
    // An id that is packed stays there.
    const id = after.id === known?.id && !has(item ?? {}, 'id') ? undefined : after.id;
    const row = {
      ...key,
      w: after.word,
      ...(id !== undefined && { id }),
      ...expiry.part(update.at),
    };
    return table.put(row, ...unchanged(item));
  };

  return async (
    place: TransferPlace,
    transferId: string,
    update: TransferUpdate,
  ): Promise<void> => {
    const key = transferKey(place);
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const item = await table.get(key);
      const thick = item && isThick(item) ? item : undefined;
      if (thick && isTold(thick, update)) return;
      const known = thick ? undefined : await thinOf(item, place, packs);
      let written = thick ? undefined : await joinThin(key, item, known, update);
      if (written === undefined) {
        const before = thick ?? (known && fromThin(known));
        const after = mergeInto(before, { ...key, transferId }, place, update, expiry);
        const from = before && (text(before, 'state') as TransferState);
        const isChanged = from !== after['state'] || before?.['class'] !== after['class'];
        if (from !== undefined && isFinal(from) && isChanged) {
          await rollups.touch(place.runId, place.shard);
        }
        written = await table.put(after, ...unchanged(item));
      }
      if (written) return;
      await wait(Math.random() * Math.min(1_000, 5 * 2 ** tries));
    }
    throw new StoreError(`The ledger found no turn to write ${transferId} among many writers.`);
  };
}

/** That nobody wrote the row since it was read. */
const unchanged = (item: Item | undefined): [string, Item?] => {
  if (!item) return ['attribute_not_exists(#pk)'];
  if (isThick(item)) return ['#version = :version', { version: number(item, 'version') }];
  const isSame = 'attribute_not_exists(#rank) AND #w = :w';
  return has(item, 'id')
    ? [`${isSame} AND #id = :id`, { w: number(item, 'w'), id: text(item, 'id') }]
    : [`${isSame} AND attribute_not_exists(#id)`, { w: number(item, 'w') }];
};

/** A thick row whose history begins with what was known of a healthy object. */
function fromThin(thin: Thin): Item {
  const update = toUpdate(thin);
  return {
    state: update.state,
    attempt: update.attempt,
    updatedAt: update.at.getTime(),
    history: [toEntryText(update)],
    ...(update.accepted.length > 0 && { accepted: new Set(update.accepted) }),
  };
}

/** Our own write, whose answer was lost: what is there says all that the update says. */
const isTold = (item: Item, update: TransferUpdate): boolean => {
  const { object, progress, task } = update;
  return (
    list(item, 'history').at(-1) === toEntryText(update) &&
    (object === undefined || has(item, 'url')) &&
    (task === undefined || has(item, 'task')) &&
    (progress === undefined || item['progress'] === JSON.stringify(progress))
  );
};

function mergeInto(
  before: Item | undefined,
  identity: Item,
  { line }: TransferPlace,
  update: TransferUpdate,
  expiry: Expiry,
): Item {
  const known = before && toFact(before);
  const after = known ? merge(known, update) : update;
  const cause = causeOf(after);
  const written = before ? list(before, 'history') : [];
  const entry = toEntryText(update);
  const idle =
    before !== undefined &&
    known !== undefined &&
    isIdle(
      update,
      { ...known, cause: before['cause'] as string | undefined },
      { ...after, cause: cause?.cause },
    );
  const listed = !idle && written.length < HISTORY_LIMIT;
  const { cause: _cause, class: _class, failed: _failed, ...rest } = before ?? {};
  return {
    ...fromDescription(update.object, update.task),
    ...rest,
    ...identity,
    ...(update.progress && { progress: JSON.stringify(update.progress) }),
    ...cause,
    ...(after.state === 'failed' && { failed: lineSort(line) }),
    ...(after.accepted.length > 0 && { accepted: new Set(after.accepted) }),
    ...expiry.part(update.at),
    state: after.state,
    attempt: after.attempt,
    rank: rank(after),
    updatedAt: Math.max(update.at.getTime(), before ? number(before, 'updatedAt') : 0),
    version: before ? number(before, 'version') + 1 : 1,
    history: listed ? [...written, entry] : written,
  };
}
