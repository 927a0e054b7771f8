/** The handler of `audit-arrival`: opens audits from requests, and goes on with those that are open. */
import * as v from 'valibot';
import { createAudits } from '../../audit/audit-arrival.ts';
import { openAudit } from '../../audit/open.ts';
import type { AuditOrder } from '../../audit/state.ts';
import type { AuditOptions } from '../../audit/work.ts';
import type { Run } from '../../ledger/model.ts';
import { ConflictError, InputError } from '../../lib/errors.ts';
import { parseManifestKey } from '../../manifest/key.ts';
import { parseSourceUrl } from '../../manifest/sources/address.ts';
import { parseTarget, type TargetAddress } from '../../manifest/target-address.ts';
import { readListState } from '../../runs/list-state.ts';
import { type HttpAnswer, isHttpEvent, json, overHttp } from '../../runtime/http.ts';
import type { Later } from '../../runtime/later.ts';
import type { Invocation } from '../../runtime/per-message.ts';
import { listKey } from '../../stores/layout.ts';
import { withAuditLog } from '../audit-log.ts';
import { type AuditBody, auditBody, runAuditBody } from '../audit-requests.ts';
import type { Authorize } from '../auth.ts';
import { claimRun } from '../idempotency.ts';
import { noQuery, parseBody, parseQuery } from '../requests.ts';
import { absent, findRun } from './common.ts';

interface AuditDeps extends Omit<AuditOptions, 'now'> {
  readonly authorize: Authorize;
  /** Where a call ends before an audit may; elsewhere the clock looks for open ones. */
  readonly later?: Later | undefined;
  readonly now?: () => Date;
}

/** Of a call that had no time, or left some. */
const startOrder = v.object({ start: v.object({ runId: v.string() }) });

const schedule = v.object({ 'detail-type': v.literal('Scheduled Event') });

/** For the checkpoint that is being written. */
const ENDING_MS = 60_000;

export function createAuditHandler(deps: AuditDeps) {
  const { authorize, later, ledger, log } = deps;
  const now = deps.now ?? (() => new Date());
  const audits = createAudits({ ...deps, now });

  const { ofManifest, ofRun } = createOrders(deps);

  const http = overHttp(
    withAuditLog(
      async (request): Promise<HttpAnswer> => {
        parseQuery(noQuery, request.query);
        const isOfRun = request.params['runId'] !== undefined;
        const text = request.body === '' ? '{}' : request.body;
        const body: AuditBody & { readonly key?: string } = isOfRun
          ? parseBody(runAuditBody, text)
          : parseBody(auditBody, text);
        const order =
          body.key === undefined
            ? await ofRun(await findRun(ledger, request), body)
            : await ofManifest(body.key, body);
        // Whoever asks learns at once that there are no keys for the target.
        await deps.openTarget(order.target, () => {});
        const runId = await claimRun(ledger, request, body, now());
        await openAudit({ runId, trigger: 'http' }, order, { ledger, log, now });
        await later?.start({ runId });
        return json(202, { runId });
      },
      { ...deps, now },
    ),
    { authorize, log },
  );

  return async (event: unknown, { deadline }: Invocation = {}) => {
    const until = deadline ? new Date(deadline.getTime() - ENDING_MS) : FOREVER;
    if (isHttpEvent(event)) return http(event);
    const ordered = v.safeParse(startOrder, event);
    if (ordered.success) {
      const { runId } = ordered.output.start;
      if ((await audits.workOrLog(runId, until)) === 'late') await later?.start({ runId });
      return { runIds: [runId], failed: 0 };
    }
    return v.is(schedule, event) ? audits.workOnAll(until) : { runIds: [], failed: 0 };
  };
}

/** What to compare with what, of a manifest or a run. */
function createOrders({ ledger, objects }: Pick<AuditDeps, 'ledger' | 'objects'>) {
  const ofManifest = async (key: string, body: AuditBody): Promise<AuditOrder> => {
    const info = await objects.head(key);
    const expected = 'expected the key of a manifest in the store';
    if (!info) throw absent('key', expected, `There is no manifest ${key}.`);
    return {
      of: { kind: 'manifest', key, etag: info.etag },
      ...placeOf(body, { kind: 'cos', ...parseManifestKey(key).target }),
      level: body.audit,
    };
  };

  const ofRun = async (run: Run, body: AuditBody): Promise<AuditOrder> => {
    const { runId, operation, source, state, target } = run;
    if (operation === 'list-source') return ofList(run, body);
    if (operation !== 'cos-offline-fetch' || !source || !target) {
      throw new ConflictError(
        'RUN_STATE',
        `Run ${runId} has no manifest to compare with a target.`,
      );
    }
    if (state === 'planning')
      throw new ConflictError('RUN_STATE', `Run ${runId} is not planned yet.`);
    return {
      of: { kind: 'manifest', key: source.key, etag: source.etag },
      ...placeOf(body, { kind: 'cos', ...target }),
      level: body.audit,
    };
  };

  /** Keys of a bucket's list are behind its prefix what they are behind the target's. */
  const ofList = async ({ runId, state }: Run, body: AuditBody): Promise<AuditOrder> => {
    const list = (await readListState(ledger, runId))?.state;
    if (!list || !(await objects.head(listKey(runId)))) {
      throw new ConflictError('RUN_STATE', `The list ${runId} is ${state}, not whole.`);
    }
    if (body.target === undefined) {
      const message = 'expected the target, as a list has none';
      throw new InputError('BODY_INVALID', 'There is no target to look into.', [
        { path: 'target', message },
      ]);
    }
    const place = placeOf(body, undefined);
    const from = parseSourceUrl(list.base ?? list.source, 'prefix');
    const strip = 'fault' in from ? '' : from.key;
    return {
      of: { kind: 'list', runId },
      ...place,
      // Others have keys of a target already.
      ...(list.target === undefined && { keys: { strip, add: place.prefix ?? '' } }),
      level: body.audit,
    };
  };

  return { ofManifest, ofRun };
}

/** The last instant of a Date. */
const FOREVER = new Date(8_640_000_000_000_000);

type Place = Pick<AuditOrder, 'target' | 'prefix'>;

/** Where to look: as the request says, else where the objects were sent. */
function placeOf(
  { target: text, credentials }: AuditBody,
  fallback: AuditOrder['target'] | undefined,
): Place {
  const account = credentials !== undefined && { credentials };
  if (text === undefined) return { target: { ...(fallback as AuditOrder['target']), ...account } };
  const { kind, region, bucket, prefix } = parseTarget(text) as TargetAddress;
  return { target: { kind, region, bucket, ...account }, prefix };
}
