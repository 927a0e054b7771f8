/** Descriptions of the routes about the service itself, and of those that providers call. */
import { MAX_MESSAGE_BYTES } from '../../providers/huawei/smn.ts';
import { MAX_CALLBACK_BYTES } from '../../providers/tencent/offline-fetch/callback.ts';
import { redriveBody } from '../requests.ts';
import { healthShape, queueShape, redrivenShape, timetableShape } from '../responses.ts';
import { healthExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

const open = (
  id: string,
  route: string,
  summary: string,
  [type, answer]: readonly [type: string, answer: unknown],
  problems: readonly number[] = [],
): RouteDescription => ({
  tag: 'service',
  route,
  id,
  summary,
  answers: { 200: type },
  answer,
  problems,
  isPublic: true,
});

export const SERVICE: readonly RouteDescription[] = [
  {
    tag: 'service',
    route: 'GET /dead-letters',
    id: 'getDeadLetters',
    summary: 'How many shards wait, are worked on, and were given up',
    answers: { 200: queueShape },
    answer: { waiting: 12, inFlight: 2, dead: 0 },
    problems: [],
  },
  {
    tag: 'service',
    route: 'POST /dead-letters/redrive',
    id: 'redriveDeadLetters',
    summary: 'Puts shards that were given up back on the queue; doubles are harmless',
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
    summary: 'Requests a nightly pass now; a request that waits already is the same',
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
    route: 'GET /health/providers',
    id: 'getProviderHealth',
    summary: 'How each provider API answered last: throttling, refused credentials',
    answers: { 200: healthShape },
    answer: healthExample,
    problems: [],
  },
  ...(['GET', 'POST'] as const).map(
    (method): RouteDescription => ({
      tag: 'providers',
      route: `${method} /callbacks/{token}`,
      id: `${method === 'GET' ? 'get' : 'post'}Callback`,
      summary: 'Called by COS when a fetch ended; the token in the path decides',
      answers: { 200: 'application/json' },
      answer: { recorded: true },
      problems: [404, 503],
      isPublic: true,
      maxBodyBytes: MAX_CALLBACK_BYTES,
      isBodyHint: true,
    }),
  ),
  {
    tag: 'providers',
    route: 'POST /notifications/smn',
    id: 'postSmnNotification',
    summary: 'Called by Huawei SMN; verified by its signature, used as a wake-up',
    answers: { 200: 'application/json' },
    answer: { received: true },
    problems: [403, 404, 413, 502, 503, 504],
    isPublic: true,
    maxBodyBytes: MAX_MESSAGE_BYTES,
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
    'The dashboard, for browsers; it asks for the token itself',
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
    'Whether the service lives',
    ['application/json', { status: 'ok' }],
    [],
  ),
  open(
    'getReadiness',
    'GET /readyz',
    'Whether the embedded service can write to ledger, queue and objects, and is not ending',
    ['application/json', { status: 'ok' }],
    [503],
  ),
];
