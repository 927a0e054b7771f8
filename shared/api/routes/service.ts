/** Descriptions of the routes about the service itself. */

import type { ProblemStatus } from '../../runtime/http.ts';
import { auditLogShape } from '../audit-log-responses.ts';
import { certificateKeysShape } from '../certificate-responses.ts';
import { paceBody, paceShape } from '../pace.ts';
import { auditLogQuery } from '../page-queries.ts';
import { redriveBody } from '../requests.ts';
import {
  healthShape,
  queueShape,
  redrivenShape,
  sourcesShape,
  timetableShape,
} from '../responses.ts';
import { certificateKeysExample } from './certificate-examples.ts';
import { auditLogExample, healthExample, paceExample, sourcesExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

const open = <Route extends string>(
  id: string,
  route: Route,
  summary: string,
  [type, answer]: readonly [type: string, answer: unknown],
  problems: readonly ProblemStatus[] = [],
): RouteDescription<Route> => ({
  tag: 'service',
  route,
  id,
  summary,
  answers: { 200: type },
  answer,
  problems,
  isPublic: true,
});

export const SERVICE_ROUTES = [
  {
    tag: 'service',
    route: 'GET /dead-letters',
    id: 'getDeadLetters',
    summary: 'Numbers of waiting, active and dead shards',
    answers: { 200: queueShape },
    answer: { waiting: 12, inFlight: 2, dead: 0 },
    problems: [],
  },
  {
    tag: 'service',
    route: 'POST /dead-letters/redrive',
    id: 'redriveDeadLetters',
    summary: 'Puts dead shards back on the queue; duplicates are harmless',
    body: redriveBody,
    bodyOptional: true,
    example: { limit: 100 },
    answers: { 200: redrivenShape },
    answer: { moved: 3, left: 0 },
    problems: [400],
  },
  {
    tag: 'service',
    route: 'GET /nightly',
    id: 'getNightly',
    summary: 'When the next nightly pass begins, where the service keeps the schedule itself',
    answers: { 200: timetableShape },
    answer: { nextAt: '2026-11-21T02:00:00.000Z', timeZone: 'UTC', requestedAt: null },
    problems: [],
  },
  {
    tag: 'service',
    route: 'POST /nightly',
    id: 'requestNightly',
    summary: 'Requests a nightly pass now; repeating a waiting request has no effect',
    answers: { 202: timetableShape },
    answer: {
      nextAt: '2026-11-21T02:00:00.000Z',
      timeZone: 'UTC',
      requestedAt: '2026-11-20T08:00:00.000Z',
    },
    problems: [],
  },
  {
    tag: 'service',
    route: 'GET /pace',
    id: 'getPace',
    summary: 'How many objects per second may be sent to COS fetch, by the time of day',
    answers: { 200: paceShape },
    answer: paceExample,
    problems: [],
  },
  {
    tag: 'service',
    route: 'PUT /pace',
    id: 'putPace',
    summary: 'Changes the pace of all workers within a second; null restores WAYBILL_PACE',
    body: paceBody,
    example: { pace: 'Asia/Shanghai 22:00-06:00 400/s, 50/s' },
    answers: { 200: paceShape },
    answer: paceExample,
    problems: [400],
  },
  {
    tag: 'service',
    route: 'GET /audit-log',
    id: 'getAuditLog',
    summary: 'Who started or changed what through the API, newest first',
    query: auditLogQuery,
    answers: { 200: auditLogShape },
    answer: auditLogExample,
    problems: [400],
  },
  {
    tag: 'service',
    route: 'GET /health/providers',
    id: 'getProviderHealth',
    summary: 'Last status of each provider API: throttling, refused credentials',
    answers: { 200: healthShape },
    answer: healthExample,
    problems: [],
  },
  {
    tag: 'service',
    route: 'GET /certificate-key',
    id: 'getCertificateKey',
    summary: 'The public keys that certificates are checked by, the signing one first',
    answers: { 200: certificateKeysShape },
    answer: certificateKeysExample,
    problems: [],
    isPublic: true,
  },
  {
    tag: 'service',
    route: 'GET /sources',
    id: 'getSources',
    summary: 'The sources whose objects manifests and requests may name, without keys',
    answers: { 200: sourcesShape },
    answer: sourcesExample,
    problems: [],
  },
  open(
    'getOpenApi',
    'GET /openapi.json',
    'This document',
    ['application/json', { openapi: '3.1.0' }],
    [],
  ),
  open(
    'getDashboard',
    'GET /',
    'The dashboard, for browsers; it prompts for the token',
    ['text/html', '<!doctype html>'],
    [404],
  ),
  open(
    'getDashboardFile',
    'GET /assets/{file}',
    'A file of the dashboard',
    ['text/javascript', 'export {};'],
    [404],
  ),
  open(
    'getHealth',
    'GET /healthz',
    'Whether the service is alive',
    ['application/json', { status: 'ok' }],
    [],
  ),
] as const satisfies readonly RouteDescription[];

/** Of the embedded service alone. */
export const READY = open(
  'getReadiness',
  'GET /readyz',
  'Whether the local service can write to ledger, queue and objects, and is not stopping',
  ['application/json', { status: 'ok' }],
  [503],
);

/** Of the embedded service alone. */
export const METRICS: RouteDescription = {
  tag: 'service',
  route: 'GET /metrics',
  id: 'getMetrics',
  summary: 'What this process did and what ledger and queue hold, as text for Prometheus',
  answers: { 200: 'text/plain' },
  answer: 'waybill_runs_stuck 0\n',
  problems: [],
};
