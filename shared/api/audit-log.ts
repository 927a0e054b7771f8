/** Records every write of the API in the audit log: who asked for what. */
import { randomUUID } from 'node:crypto';
import type { AuditEntry } from '../ledger/audit-log.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lib/log.ts';
import { redact } from '../lib/redact.ts';
import type { Answer, Caller, HttpRequest } from '../runtime/http.ts';
import { isWrite } from './auth.ts';

interface AuditLogOptions {
  readonly ledger: Pick<Ledger, 'appendAuditEntry'>;
  readonly log: Log;
  readonly now: () => Date;
}

type Recorded = Pick<AuditEntry, 'request' | 'subject' | 'detail'>;

/**
 * Writes one entry. What it is about is done already: a ledger that fails now leaves the entry in
 * the service's log alone.
 */
export async function recordWrite(
  { token }: Pick<Caller, 'token'>,
  recorded: Recorded,
  { ledger, log, now }: AuditLogOptions,
): Promise<void> {
  const who = { ...(token !== undefined && { token }), ...recorded };
  try {
    await ledger.appendAuditEntry({ entryId: randomUUID(), at: now(), ...who });
  } catch (error) {
    log.error('audit-log.failed', who, error);
  }
}

/** Records each write that is not refused. */
export const withAuditLog =
  (answer: Answer, options: AuditLogOptions): Answer =>
  async (request, caller) => {
    const given = await answer(request, caller);
    if (caller && isWrite(request.routeKey) && given.statusCode < 400) {
      await recordWrite(caller, recordedOf(request, given.body), options);
    }
    return given;
  };

/** Routes whose body is small, and tells what was changed. */
const TELLING = /^PUT |^POST \/(?:manifests|uploads|runs\/\{runId\}\/retry)$/;

const DETAIL_CHARACTERS = 256;

function recordedOf({ routeKey, params, body }: HttpRequest, answer = '{}'): Recorded {
  const { migrationId, runId }: Partial<Record<string, unknown>> = {
    ...params,
    ...JSON.parse(answer),
  };
  const subject = migrationId ?? runId;
  const isTelling = body !== '' && TELLING.test(routeKey);
  return {
    request: routeKey.replace(/\{(\w+)\}/g, (_all, name: string) => params[name] ?? ''),
    ...(typeof subject === 'string' && { subject }),
    ...(isTelling && {
      detail: redact(JSON.stringify(JSON.parse(body))).slice(0, DETAIL_CHARACTERS),
    }),
  };
}
