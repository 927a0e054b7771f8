/** Descriptions of the routes that compare targets with what should be in them. */
import { auditBody, runAuditBody } from '../audit-requests.ts';
import { startedShape } from '../responses.ts';
import { MANIFEST_KEY, startedExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

const audit = {
  isIdempotent: true,
  answers: { 202: startedShape },
  answer: startedExample,
  problems: [400, 404, 409, 422],
} as const;

export const AUDIT_ROUTES = [
  {
    ...audit,
    tag: 'start',
    route: 'POST /audits',
    id: 'createAudit',
    summary: 'Compares a manifest in the store with its target; sends nothing',
    body: auditBody,
    example: { key: MANIFEST_KEY, audit: 'head' },
  },
  {
    ...audit,
    tag: 'steer',
    route: 'POST /runs/{runId}/audit',
    id: 'auditRun',
    summary: 'Compares the manifest or the list of a run with the target, as a run of its own',
    body: runAuditBody,
    bodyOptional: true,
    example: { target: 'cos://ap-shanghai/examplebucket-1250000000/photos/' },
  },
] as const satisfies readonly RouteDescription[];
