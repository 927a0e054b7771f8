/**
 * The routes about the service itself: dead letters, the nightly pass, the pace, the status of the
 * provider APIs, the OpenAPI document and the dashboard.
 */
import type { AuditEntry } from '../../ledger/audit-log.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Notes } from '../../ledger/notes.ts';
import type { Log } from '../../lib/log.ts';
import { changePace, readPace } from '../../limits/pace.ts';
import { formatPace, type Pace, parsePace } from '../../limits/rate/pace.ts';
import { readStatus } from '../../limits/status.ts';
import type { SourceConfig } from '../../manifest/sources/config.ts';
import { describeSource } from '../../manifest/sources/sources.ts';
import { readTimetable, requestPass, type Timetable } from '../../runs/nightly/timetable.ts';
import { json } from '../../runtime/http.ts';
import { type CertificateKey, toPem } from '../../signing/certificate.ts';
import type { DeadLetters } from '../../stores/queue.ts';
import { paceBody, paceView } from '../pace.ts';
import { auditLogQuery } from '../page-queries.ts';
import { parseBody, parseQuery, redriveBody } from '../requests.ts';
import type { SERVICE_ROUTES } from '../routes/service.ts';
import { absent, type Route, type Routes } from './common.ts';

export interface ServiceOptions {
  readonly deadLetters: Pick<DeadLetters, 'depth' | 'redrive'>;
  readonly ledger: Notes & Pick<Ledger, 'auditLog'>;
  readonly log: Log;
  readonly now: () => Date;
  /** That of the configuration. */
  readonly pace?: Pace | undefined;
  /** The page and its files; absent where there is none. */
  readonly dashboard?: Route | undefined;
  /** As they are now. @default none */
  readonly sources?: () => readonly SourceConfig[];
  /** Takes `https:` sources as they are. */
  readonly allowHttps: boolean;
  /** @default none */
  readonly certificateKeys?: readonly CertificateKey[];
}

const noDashboard: Route = async () => {
  throw absent('path', 'expected a route of the API', 'There is no dashboard.');
};

export const serviceRoutes = ({
  allowHttps,
  certificateKeys = [],
  dashboard = noDashboard,
  deadLetters,
  ledger,
  log,
  now,
  pace: configured,
  sources = () => [],
}: ServiceOptions): Routes<typeof SERVICE_ROUTES> => ({
  'GET /dead-letters': async () => json(200, await deadLetters.depth()),
  'POST /dead-letters/redrive': async ({ body }) => {
    const { limit } = parseBody(redriveBody, body === '' ? '{}' : body);
    const moved = await deadLetters.redrive(limit);
    const { dead } = await deadLetters.depth();
    if (moved > 0) log.info('dead-letters.redriven', { moved, left: dead });
    return json(200, { moved, left: dead });
  },
  'GET /nightly': async () => json(200, timetable(await readTimetable(ledger), now())),
  'POST /nightly': async () => {
    const requested = await requestPass(ledger, now());
    log.info('nightly.requested', { at: requested.requestedAt });
    return json(202, timetable(requested, now()));
  },
  'GET /pace': async () =>
    json(200, paceView(await readPace(ledger, configured), configured, now())),
  'PUT /pace': async ({ body }) => {
    const { pace } = parseBody(paceBody, body);
    const text = pace === null ? null : formatPace(parsePace(pace));
    await changePace(ledger, text, now());
    log.info('pace.changed', { pace: text });
    return json(200, paceView(await readPace(ledger, configured), configured, now()));
  },
  'GET /audit-log': async ({ query }) => {
    const { id: subject, cursor, limit } = parseQuery(auditLogQuery, query);
    const filter = { limit, ...(subject && { subject }), ...(cursor && { cursor }) };
    const { items, nextCursor = null } = await ledger.auditLog(filter);
    return json(200, { entries: items.map(entryView), nextCursor });
  },
  'GET /health/providers': async () => json(200, { providers: await readStatus(ledger) }),
  'GET /sources': async () => json(200, { sources: sources().map(describeSource) }),
  'GET /certificate-key': async () => json(200, { keys: certificateKeys.map(keyView) }),
  'GET /openapi.json': async () => {
    // Functions have it in a file of its own (`scripts/bundle.ts`).
    const { openApi } = await import('../openapi.ts');
    return json(200, openApi(allowHttps));
  },
  'GET /': dashboard,
  'GET /assets/{file}': dashboard,
  'GET /healthz': async () => json(200, { status: 'ok' }),
});

const entryView = ({ at, token, request, subject, detail }: AuditEntry) => ({
  at: at.toISOString(),
  token: token ?? null,
  request,
  id: subject ?? null,
  detail: detail ?? null,
});

const keyView = (key: CertificateKey) => ({
  keyId: key.keyId,
  algorithm: 'Ed25519',
  publicKey: toPem(key),
});

/** A time that is past was written by a service that no longer runs. */
const timetable = ({ nextAt, timeZone, requestedAt }: Timetable, now: Date) => {
  const isKnown = nextAt !== undefined && nextAt > now.toISOString();
  return {
    nextAt: isKnown ? nextAt : null,
    timeZone: isKnown ? (timeZone ?? null) : null,
    requestedAt: requestedAt ?? null,
  };
};
