/**
 * Removes the list files of a run from OBS once no task needs them any more: its tasks have succeeded, or
 * another run took the list once more. A failed task reads its list again when it is started again.
 */
import * as v from 'valibot';
import type { Ledger } from '../../ledger/ledger.ts';
import { type Notes, noteParser, updateNote } from '../../ledger/notes.ts';
import { ProviderError, StoreError, WaybillError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { OpenBreaker } from '../../providers/huawei/breaker.ts';
import { listName, type ObsLists } from '../../providers/huawei/obs-lists.ts';
import type { CredentialSets } from '../../stores/credential-sets.ts';
import { folderOf } from './order.ts';

const placeShape = v.object({ region: v.string(), bucket: v.string(), credentials: v.string() });

type Place = v.InferOutput<typeof placeShape>;

const NAME = 'oms-lists';

const parse = noteParser(NAME, v.record(v.string(), placeShape), {});

/** Notes that a run writes list files, before it does. @throws StoreError */
export const noteLists = (ledger: Notes, runId: string, place: Place): Promise<unknown> =>
  updateNote(ledger, NAME, parse, (known) => (known[runId] ? known : { ...known, [runId]: place }));

/** Places of list files, by run. @throws StoreError */
export const readLists = async (ledger: Pick<Ledger, 'readNote'>) =>
  parse((await ledger.readNote(NAME))?.text);

export interface RemoveListsOptions {
  readonly ledger: Ledger;
  readonly lists: Pick<ObsLists, 'remove' | 'sizeOf'>;
  readonly sets: CredentialSets;
  readonly openBreaker: OpenBreaker;
  readonly log: Log;
  readonly now: () => Date;
}

/** After so long OMS has forgotten the keys of a failed task. */
const KEPT_MS = 30 * 86_400_000;

/** What can't be removed now is tried again by the next call. @throws StoreError */
export async function removeLists(deadline: Date, options: RemoveListsOptions): Promise<void> {
  const { ledger, log, now } = options;
  for (const [runId, place] of Object.entries(await readLists(ledger))) {
    if (now() >= deadline) return;
    if (await isNeeded(runId, options)) continue;
    try {
      await removeOf(runId, place, options);
    } catch (error) {
      if (!(error instanceof WaybillError) || error instanceof StoreError) throw error;
      log.warn('oms.lists-left', { runId, bucket: place.bucket }, error);
      const isLasting = error instanceof ProviderError && LASTING.has(error.class);
      if (!isLasting) continue;
    }
    await updateNote(ledger, NAME, parse, ({ [runId]: _, ...others }) => others);
  }
}

/** Nobody asks again, such as for keys that may not delete. */
const LASTING: ReadonlySet<string> = new Set(['credentials', 'request']);

async function isNeeded(runId: string, { ledger, now }: RemoveListsOptions): Promise<boolean> {
  const run = await ledger.run(runId);
  if (!run || run.handedTo !== undefined) return false;
  if (!run.closedAt) return true;
  if (now().getTime() - run.closedAt.getTime() >= KEPT_MS) return false;
  return run.counts.failed > 0;
}

async function removeOf(
  runId: string,
  { bucket, credentials, region }: Place,
  { lists, log, openBreaker, sets }: RemoveListsOptions,
): Promise<void> {
  const keys = await sets.get('oms', credentials);
  const { run } = openBreaker(region, keys.dstAk);
  let files = 0;
  for (; ; files += 1) {
    const place = { region, bucket, key: folderOf(runId) + listName(files) };
    if ((await run(() => lists.sizeOf(place, keys))) === undefined) break;
    await run(() => lists.remove(place, keys));
  }
  log.info('oms.lists-removed', { runId, bucket, files });
}
