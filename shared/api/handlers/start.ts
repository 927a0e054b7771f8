/**
 * The routes that start runs: from a manifest in the object store, or from the objects in a
 * request.
 */
import type * as v from 'valibot';
import { inProgress, runLeaseName, withLease } from '../../ledger/lease.ts';
import type { Run } from '../../ledger/model.ts';
import { ConflictError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { ASKED_QUIET_MS, feedQuiet } from '../../runs/feed-quiet.ts';
import type { RetryOptions } from '../../runs/retry.ts';
import { json } from '../../runtime/http.ts';
import type { ObjectInfo } from '../../stores/objects.ts';
import { fetchesKey, fetchesText, sameKeyOf } from '../fetches.ts';
import { claimRun } from '../idempotency.ts';
import { fetchesBody, manifestBody, parseBody } from '../requests.ts';
import type { START_ROUTES } from '../routes/start.ts';
import type { Routes } from './common.ts';

export interface StartingOptions extends RetryOptions {
  readonly log: Log;
  /** Takes `https:` sources as they are. */
  readonly allowHttps: boolean;
}

export const startRoutes = (options: StartingOptions): Routes<typeof START_ROUTES> => {
  const { allowHttps, ledger, now, objects, planner, planLater } = options;
  const fetches = fetchesBody(allowHttps);
  return {
    'POST /manifests': async (request) => {
      const body = parseBody(manifestBody, request.body);
      const found = await planner.find(body.key);
      const runId = await claimRun(ledger, request, body, now(), found.runId);
      // Under a key that came before, the run of the version it started.
      const run = await ledger.run(runId);
      if (run) requireSame(run, body);
      if (run && run.state !== 'planning') {
        const quietMs = ASKED_QUIET_MS;
        const states = await ledger.shardStates(runId);
        await feedQuiet(run, states, { ...options, quietMs, isAsked: true, replan: options });
        return json(202, { runId });
      }
      const manifest = { ...found, runId };
      const asked = { sameKey: sameKeyOf(body), credentials: body.credentials };
      if (planLater && isLong(found)) {
        await planner.open(manifest, 'http', asked);
        await planLater({ key: body.key, runId });
      } else {
        await planner.plan(manifest, 'http', asked);
      }
      return json(202, { runId });
    },
    'POST /fetches': async (request) => {
      const body = parseBody(fetches, request.body);
      const text = fetchesText(body);
      const runId = await claimRun(ledger, request, body, now());
      // Written once: a second write would be another version of the manifest under way.
      await withLease(ledger, runLeaseName(runId), now, async () => {
        const run = await ledger.run(runId);
        if (run && run.state !== 'planning') return;
        const key = fetchesKey(body, runId);
        const manifest = { ...(await objects.put(key, text)), runId };
        const lines = body.objects.length;
        await planner.plan(manifest, 'http', {
          sameKey: sameKeyOf(body),
          credentials: body.credentials,
          lines,
        });
      }).catch(inProgress);
      return json(202, { runId });
    },
  };
};

/** The run of one version of a manifest is one run, sent in one way: who asks for another is told so. */
function requireSame(
  { runId, source, target }: Run,
  { onKeyExist, credentials }: v.InferOutput<typeof manifestBody>,
): void {
  const isSame = (asked: string | undefined, known: string | undefined): boolean =>
    asked === undefined || asked === known;
  if (isSame(onKeyExist, source?.onKeyExist) && isSame(credentials, target?.credentials)) return;
  const message = `Run ${runId} of this manifest has another onKeyExist or credentials; upload the manifest under another key to send it in another way.`;
  throw new ConflictError('RUN_STATE', message);
}

/** A thousand shards of the usual size, queued ten at a time. */
const LONG_BYTES = 268_435_456;

/** Whether planning a manifest may take longer than a request. */
const isLong = ({ key, sizeBytes }: ObjectInfo): boolean =>
  key.endsWith('.gz') || sizeBytes > LONG_BYTES;
