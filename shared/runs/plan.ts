/**
 * Plans a manifest in the object store: opens its run, cuts it into shards, keeps their list and queues
 * the first of them. Safe to repeat: the same version of the same object is the same run, and shards
 * tolerate being queued twice (promise G2).
 */
import type { Ledger } from '../ledger/ledger.ts';
import type { Target } from '../ledger/manifest-lines.ts';
import type { Run } from '../ledger/model.ts';
import type { SameKey } from '../ledger/shard.ts';
import { toCause } from '../lib/cause.ts';
import { InputError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { parseManifestKey } from '../manifest/key.ts';
import { changedObject } from '../stores/object-keys.ts';
import type { ObjectInfo, Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';
import { cutManifest } from './cut-shards.ts';
import { doneShards, feedFirst, keepShardList, shardListKey } from './feed.ts';
import { runIdFrom, versionOf } from './task-runs.ts';

/** One version of a manifest, and the run that it is planned in. */
type FoundManifest = ObjectInfo & { readonly runId: string };

export interface Planner {
  /**
   * The manifest at `key`, with the run id that its version gives.
   * @throws InputError (NOT_FOUND) when there is no such object; StoreError
   */
  find(key: string): Promise<FoundManifest>;
  /** The same of an object that was looked up already. */
  identify(info: ObjectInfo): FoundManifest;
  /**
   * Plans a manifest. Its fault, such as an unreadable file, is stored in the run.
   * @throws StoreError
   */
  plan(manifest: FoundManifest, trigger: Run['trigger'], options?: PlanOptions): Promise<Run>;
  /** Opens the run without planning it. @throws StoreError */
  open(manifest: FoundManifest, trigger: Run['trigger'], options?: PlanOptions): Promise<Run>;
  /**
   * Checks that the manifest of an existing run is still the version that was planned.
   * @throws InputError (NOT_FOUND, MANIFEST_CHANGED); StoreError
   */
  check(run: Run): Promise<void>;
}

export interface PlanOptions {
  /** For all objects, in place of what is configured; kept in every shard. */
  readonly sameKey?: SameKey;
  /** Names the credential set of the target's account. */
  readonly credentials?: string | undefined;
  /** Lines of a manifest that Waybill wrote itself, all of them good. */
  readonly lines?: number;
  readonly migrationId?: string;
}

interface PlannerOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly queue: QueueSender;
  readonly shardBytes: number;
  readonly log: Log;
  readonly now?: () => Date;
}

export function createPlanner(options: PlannerOptions): Planner {
  const { ledger, objects, log, now = () => new Date() } = options;

  const identify = (info: ObjectInfo): FoundManifest => ({
    ...info,
    runId: runIdFrom(...versionOf(objects.bucket, info)),
  });

  const find = async (key: string): Promise<FoundManifest> => {
    const info = await objects.head(key);
    if (info) return identify(info);
    const fault = { path: 'key', message: 'expected the key of an object in the store' };
    throw new InputError('NOT_FOUND', `There is no manifest ${key}.`, [fault]);
  };

  const openRun = (
    { key, etag, runId }: FoundManifest,
    trigger: Run['trigger'],
    { credentials, migrationId, sameKey }: PlanOptions,
  ): Promise<Run> =>
    ledger.openRun({
      runId,
      trigger,
      operation: 'cos-offline-fetch',
      source: { bucket: objects.bucket, key, etag, shardBytes: options.shardBytes, ...sameKey },
      ...targetOf(key, credentials),
      ...(migrationId !== undefined && { migrationId }),
      createdAt: now(),
    });

  const check = async ({ source }: Run): Promise<void> => {
    const info = source && (await find(source.key));
    if (info && info.etag !== source.etag) throw changedObject(info.key);
  };

  return {
    check,
    find,
    identify,
    open: async (manifest, trigger, asked = {}) => openRun(manifest, trigger, asked),
    async plan(manifest, trigger, asked = {}) {
      const { key, runId } = manifest;
      const run = await openRun(manifest, trigger, asked);
      const isUnlisted = run.state === 'active' && !(await objects.head(shardListKey(runId)));
      if (run.state !== 'planning' && !isUnlisted) return run;
      log.info('run.opened', { runId, key, sizeBytes: manifest.sizeBytes });
      try {
        await cutAndQueue({ ...options, now }, run, manifest, asked);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        await ledger.stopRun(runId, { state: 'failed', at: now(), error: toCause(error) });
        log.error('run.failed', { runId, key }, error);
      }
      return (await ledger.run(runId)) ?? run;
    },
  };
}

/** Queued only once all are cut, so nothing of a truncated packed manifest is sent. */
async function cutAndQueue(
  options: Required<PlannerOptions>,
  run: Run,
  manifest: FoundManifest,
  { lines }: PlanOptions,
): Promise<void> {
  const { ledger, log, objects, shardBytes } = options;
  const { source, target, runId } = run;
  // A reopened run is planned again from the same version.
  if (source && source.etag !== manifest.etag) throw changedObject(manifest.key);
  const [shards, sizeBytes] = await cutManifest(
    runId,
    manifest,
    { shardBytes, ...source, ...accountIn(target?.credentials) },
    objects,
  );
  const list = await keepShardList(runId, shards, options);
  // Of a run that goes on, or whose list is missing, what is done already is passed over.
  const done = await doneShards(ledger, runId);
  await feedFirst(list, shards, (at) => done.has(at), options);
  const totals = lines !== undefined && {
    totals: { lines, quarantined: 0, transfers: lines },
  };
  await ledger.activateRun(runId, { shardCount: shards.length, sizeBytes, ...totals });
  log.info('run.planned', { runId, shards: shards.length, sizeBytes });
}

const accountIn = (credentials: string | undefined): Pick<Target, 'credentials'> =>
  credentials === undefined ? {} : { credentials };

function targetOf(key: string, credentials: string | undefined): Pick<Run, 'target'> {
  try {
    const { target } = parseManifestKey(key);
    return { target: { ...target, ...accountIn(credentials) } };
  } catch {
    // The fault is reported once the run is open.
    return {};
  }
}

/** Leaves the planning of a manifest to a function that has more time than an HTTP request. */
export type PlanLater = (plan: { readonly key: string; readonly runId: string }) => Promise<void>;
