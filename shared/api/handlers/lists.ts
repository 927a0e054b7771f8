/**
 * The handler of `list-source`: opens lists from requests and uploaded inventories, and goes on with
 * those that are open.
 */
import { basename } from 'node:path/posix';
import * as v from 'valibot';
import { InputError } from '../../lib/errors.ts';
import { findBucket } from '../../manifest/sources/find-bucket.ts';
import { parseInventory } from '../../manifest/sources/inventory-manifest.ts';
import { createLists, type ListSourceOptions } from '../../runs/list-source.ts';
import { openListRun } from '../../runs/list-state.ts';
import { runIdFrom, versionOf } from '../../runs/task-runs.ts';
import { type HttpAnswer, isHttpEvent, json, overHttp } from '../../runtime/http.ts';
import type { Later } from '../../runtime/later.ts';
import type { Invocation } from '../../runtime/per-message.ts';
import { perUpload } from '../../runtime/per-upload.ts';
import { type ObjectInfo, readSmall } from '../../stores/objects.ts';
import { withAuditLog } from '../audit-log.ts';
import type { Authorize } from '../auth.ts';
import { claimRun } from '../idempotency.ts';
import { listBody, noQuery, parseBody, parseQuery } from '../requests.ts';

interface ListDeps extends Omit<ListSourceOptions, 'now'> {
  readonly authorize: Authorize;
  /** Where a call ends before a list may; elsewhere the clock looks for open lists. */
  readonly later?: Later | undefined;
  /** Has a migration take the list that it waited for. */
  readonly advanceLater?: ((migrationId: string) => Promise<void>) | undefined;
  readonly now?: () => Date;
}

/** Of a call that had no time, or left some. */
const order = v.object({ start: v.object({ runId: v.string() }) });

const schedule = v.object({ 'detail-type': v.literal('Scheduled Event') });

/** For the part that is being written. */
const ENDING_MS = 60_000;

/** Of a manifest, which names files. */
const MANIFEST_BYTES = 67_108_864;

/** Stores that write a checksum beside the manifest, after it. */
const WITH_CHECKSUM = new Set<string | undefined>(['s3', 'oss', 'cos', 'azure']);

export function createListHandler(deps: ListDeps) {
  const { advanceLater, authorize, later, ledger, log, objects, sources } = deps;
  const now = deps.now ?? (() => new Date());
  const lists = createLists({ ...deps, now });

  const http = overHttp(
    withAuditLog(
      async (request): Promise<HttpAnswer> => {
        parseQuery(noQuery, request.query);
        const body = parseBody(listBody, request.body);
        // Whoever asks learns at once what is wrong with the address.
        await findBucket(sources, body.source);
        const runId = await claimRun(ledger, request, body, now());
        await openListRun({ runId, trigger: 'http' }, body, { ...deps, now });
        await later?.start({ runId });
        return json(202, { runId });
      },
      { ...deps, now },
    ),
    { authorize, log },
  );

  const upload = async (info: ObjectInfo): Promise<string | undefined> => {
    if (!/manifest\.(?:json|checksum)$/.test(basename(info.key))) return undefined;
    const manifest = await manifestOf(objects, info);
    if (!manifest) return undefined;
    const runId = runIdFrom('list-source', ...versionOf(objects.bucket, manifest));
    const order = { source: manifest.key, format: 'inventory' } as const;
    const run = await openListRun({ runId, trigger: 'upload' }, order, { ...deps, now });
    if (run.state === 'planning') await later?.start({ runId });
    return runId;
  };

  const advance = async (runId: string): Promise<void> => {
    const migrationId = advanceLater && (await ledger.run(runId))?.migrationId;
    if (migrationId !== undefined) await advanceLater?.(migrationId);
  };

  const uploads = perUpload('inventories/', upload, { objects, log });

  return async (event: unknown, { deadline }: Invocation = {}) => {
    const until = deadline ? new Date(deadline.getTime() - ENDING_MS) : FOREVER;
    if (isHttpEvent(event)) return http(event);
    if (v.is(schedule, event)) return lists.workOnAll(until);
    const ordered = v.safeParse(order, event);
    if (!ordered.success) return uploads(event);
    const { runId } = ordered.output.start;
    const outcome = await lists.workOrLog(runId, until);
    if (outcome === 'late') await later?.start({ runId });
    if (outcome === 'ended') await advance(runId);
    return { runIds: [runId] };
  };
}

/** The manifest of an inventory that is complete by this upload. */
async function manifestOf(
  objects: ListDeps['objects'],
  info: ObjectInfo,
): Promise<ObjectInfo | undefined> {
  const [, stem, ending] = /^(.*manifest)\.(json|checksum)$/s.exec(info.key) ?? [];
  if (stem === undefined) return undefined;
  if (ending === 'checksum') return objects.head(`${stem}.json`);
  try {
    const text = await readSmall(objects, info, MANIFEST_BYTES);
    const { kind } = parseInventory(text, info.key);
    const isLast = !WITH_CHECKSUM.has(kind) || (await objects.head(`${stem}.checksum`));
    return isLast ? info : undefined;
  } catch (error) {
    // Its run tells what is wrong with it.
    if (error instanceof InputError) return info;
    throw error;
  }
}

/** The last instant of a Date. */
const FOREVER = new Date(8_640_000_000_000_000);
