/**
 * Stores transfers in DynamoDB. The acceptance and the outcome of a healthy object are one
 * conditional write each: the condition holds when the update outranks what is stored. Any other
 * update (late, repeated, a retry) is merged here and written if no other worker was faster.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { HISTORY_LIMIT, isIdle, toEntryText } from '../../../ledger/history.ts';
import { isFinal, merge, rank, type TransferState } from '../../../ledger/merge.ts';
import { parseTransferId, type TransferPlace, type TransferUpdate } from '../../../ledger/model.ts';
import { acceptedUpdate } from '../../../ledger/word.ts';
import { StoreError } from '../../../lib/errors.ts';
import type { TransferCalls } from '../../ledger-parts.ts';
import type { Counting } from './counts.ts';
import { has, type Item, list, number, text } from './item.ts';
import { lineSort, transferKey } from './keys.ts';
import { createPages } from './pages.ts';
import type { Rollups } from './rollups.ts';
import type { Expiry } from './rows.ts';
import { fromDescription, toFact, toTransfer } from './rows.ts';
import type { Table } from './table.ts';

export interface TransferOptions {
  readonly table: Table;
  readonly counting: Counting;
  readonly expiry: Expiry;
  readonly rollups: Rollups;
  readonly wait?: (ms: number) => Promise<unknown>;
}

export function createTransfers(options: TransferOptions): TransferCalls {
  const { table, counting } = options;
  const advance = createAdvance(options);
  const settle = createSettle(options);

  const record: TransferCalls['record'] = async (transferId, update) => {
    const place = parseTransferId(transferId);
    if (!place) throw new TypeError(`Not a transfer id: ${transferId}`);
    if (!(await advance(place, transferId, update))) await settle(place, transferId, update);
    counting.forget(place.runId, place.shard);
  };

  return {
    record,
    async accept({ id }, acceptances) {
      await Promise.all(
        acceptances.map((acceptance) =>
          record(`${id}.${acceptance.line}`, acceptedUpdate(acceptance)),
        ),
      );
    },
    async read(transferId) {
      const place = parseTransferId(transferId);
      const item = place && (await table.get(transferKey(place)));
      return item && toTransfer(item);
    },
    ...createPages(options),
  };
}

/** The cause's class stands by itself, for filters. */
const causeOf = ({ cause }: Pick<TransferUpdate, 'cause'>) =>
  cause && { cause: JSON.stringify(cause), class: cause.class };

/**
 * The one write of the usual case: a transfer that is new or on its way, and an update that goes
 * farther. False when it is not that case, and then nothing was written.
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
      `attribute_not_exists(#pk) OR (#rank < :rank AND #state IN (:onItsWay0, :onItsWay1)
        AND #updatedAt <= :updatedAt AND size(#history) < :most)`,
    );
  };
}

const MAX_TRIES = 30;

/** Reads, merges and writes, until nobody else wrote in between. */
function createSettle({ table, expiry, rollups, wait = sleep }: TransferOptions) {
  return async (
    place: TransferPlace,
    transferId: string,
    update: TransferUpdate,
  ): Promise<void> => {
    const key = transferKey(place);
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const before = await table.get(key);
      if (before && isTold(before, update)) return;
      const item = mergeInto(before, { ...key, transferId }, place, update, expiry);
      const from = before && (text(before, 'state') as TransferState);
      const isChanged = from !== item['state'] || before?.['class'] !== item['class'];
      if (from !== undefined && isFinal(from) && isChanged) {
        await rollups.touch(place.runId, place.shard);
      }
      const written = before
        ? await table.put(item, '#version = :version', { version: number(before, 'version') })
        : await table.put(item, 'attribute_not_exists(#pk)');
      if (written) return;
      await wait(Math.random() * Math.min(1_000, 5 * 2 ** tries));
    }
    throw new StoreError(`The ledger found no turn to write ${transferId} among many writers.`);
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
