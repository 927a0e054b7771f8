/** Every route of the HTTP API with what it takes and answers; the OpenAPI document is made of it. */
import type * as v from 'valibot';
import { batchJobRequest } from '../providers/cos-batch/request.ts';
import {
  fetchesBody,
  manifestBody,
  omsStartBody,
  redriveBody,
  runsQuery,
  transfersQuery,
} from './bodies.ts';
import {
  jobShape,
  problemShape,
  queueShape,
  redrivenShape,
  runShape,
  runsShape,
  startedShape,
  transfersShape,
} from './shapes.ts';

export interface RouteDescription {
  /** `POST /fetches` */
  readonly route: string;
  readonly id: string;
  readonly tag: 'start' | 'read' | 'reports' | 'providers' | 'service';
  readonly summary: string;
  readonly query?: v.GenericSchema;
  readonly body?: v.GenericSchema;
  /** The body may be left out. */
  readonly bodyOptional?: boolean;
  readonly example?: unknown;
  /** By status; a text is a media type without a schema. */
  readonly answers: Readonly<Record<number, v.GenericSchema | string>>;
  /** Statuses of problems besides 401 and 503. */
  readonly problems: readonly number[];
  /** No bearer token. */
  readonly isPublic?: boolean;
  /** Takes an `Idempotency-Key`. */
  readonly isIdempotent?: boolean;
}

const start = { tag: 'start', isIdempotent: true } as const;
const oms = (version: 'v1' | 'v2'): RouteDescription => ({
  ...start,
  route: `POST /oms/${version}/tasks/{taskId}/start`,
  id: `startOmsTask${version.toUpperCase()}`,
  summary: `Starts a paused or failed task of OMS ${version}; 200 when it runs already`,
  body: omsStartBody,
  bodyOptional: true,
  example: { region: 'cn-north-4', credentials: 'default', failedObjectsOnly: true },
  answers: { 200: startedShape, 202: startedShape },
  problems: [400, 404, 409, 422, 502, 504],
});
const report = (name: string, type: string): RouteDescription => ({
  tag: 'reports',
  route: `GET /runs/{runId}/${name}`,
  id: `get${name.replace(/(?:^|\.)(\w)/g, (_all, first: string) => first.toUpperCase())}`,
  summary: `The report ${name} of a run, as far as it is known`,
  answers: { 200: type },
  problems: [404],
});

export const ROUTES: readonly RouteDescription[] = [
  {
    ...start,
    route: 'POST /fetches',
    id: 'createFetches',
    summary: 'Fetches up to 1,000 objects into a COS bucket',
    body: fetchesBody,
    example: {
      region: 'ap-shanghai',
      bucket: 'examplebucket-1250000000',
      objects: [{ url: 'http://origin.example/a%20b.mp4', key: 'videos/a b.mp4' }],
      onKeyExist: 'ignore',
    },
    answers: { 202: startedShape },
    problems: [400, 422],
  },
  {
    ...start,
    route: 'POST /manifests',
    id: 'startManifest',
    summary: 'Starts, or finds, the run of a manifest that is in the store',
    body: manifestBody,
    example: { key: 'cos-fetch/ap-shanghai/examplebucket-1250000000/videos.csv' },
    answers: { 202: startedShape },
    problems: [400, 404, 422],
  },
  {
    ...start,
    route: 'POST /batch-jobs',
    id: 'createBatchJob',
    summary: 'Creates a job of COS Batch',
    body: batchJobRequest,
    example: {
      manifest: {
        location: {
          objectArn: 'qcs::cos:ap-chengdu::sourcebucket-1250000000/manifests/copy.csv',
        },
        spec: { fields: ['Bucket', 'Key'], format: 'COSBatchOperations_CSV_V1' },
      },
      operation: {
        cosPutObjectCopy: {
          targetResource: 'qcs::cos:ap-chengdu:uid/1250000000:destinationbucket-1250000000',
        },
      },
      priority: 10,
      report: {
        bucket: 'qcs::cos:ap-chengdu::sourcebucket-1250000000',
        enabled: true,
        prefix: 'job-result',
        reportScope: 'AllTasks',
      },
    },
    answers: { 202: jobShape },
    problems: [400, 409, 422, 502, 504],
  },
  oms('v2'),
  oms('v1'),
  {
    tag: 'read',
    route: 'GET /runs',
    id: 'listRuns',
    summary: 'Runs, newest first',
    query: runsQuery,
    answers: { 200: runsShape },
    problems: [400],
  },
  {
    tag: 'read',
    route: 'GET /runs/{runId}',
    id: 'getRun',
    summary: 'One run',
    answers: { 200: runShape },
    problems: [404],
  },
  {
    tag: 'read',
    route: 'GET /runs/{runId}/transfers',
    id: 'listTransfers',
    summary: 'Transfers of a run, in the order of its manifest',
    query: transfersQuery,
    answers: { 200: transfersShape },
    problems: [400, 404],
  },
  {
    tag: 'service',
    route: 'GET /dead-letters',
    id: 'getDeadLetters',
    summary: 'How many shards wait, are worked on, and were given up',
    answers: { 200: queueShape },
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
    problems: [400],
  },
  report('failed.csv', 'text/csv'),
  report('rejected.csv', 'text/csv'),
  report('summary.json', 'application/json'),
  ...(['GET', 'POST'] as const).map(
    (method): RouteDescription => ({
      tag: 'providers',
      route: `${method} /callbacks/{token}`,
      id: `${method === 'GET' ? 'get' : 'post'}Callback`,
      summary: 'Called by COS when a fetch ended; the token in the path decides',
      answers: { 200: 'application/json' },
      problems: [404],
      isPublic: true,
    }),
  ),
  {
    tag: 'providers',
    route: 'POST /notifications/smn',
    id: 'postSmnNotification',
    summary: 'Called by Huawei SMN; verified by its signature, used as a wake-up',
    answers: { 200: 'application/json' },
    problems: [403, 404],
    isPublic: true,
  },
  {
    tag: 'service',
    route: 'GET /openapi.json',
    id: 'getOpenApi',
    summary: 'This document',
    answers: { 200: 'application/json' },
    problems: [],
    isPublic: true,
  },
  {
    tag: 'service',
    route: 'GET /',
    id: 'getDashboard',
    summary: 'The dashboard, for browsers; it asks for the token itself',
    answers: { 200: 'text/html' },
    problems: [404],
    isPublic: true,
  },
  {
    tag: 'service',
    route: 'GET /assets/{file}',
    id: 'getDashboardFile',
    summary: 'A file of the dashboard',
    answers: { 200: 'application/octet-stream' },
    problems: [404],
    isPublic: true,
  },
  {
    tag: 'service',
    route: 'GET /healthz',
    id: 'getHealth',
    summary: 'Whether the service lives',
    answers: { 200: 'application/json' },
    problems: [],
    isPublic: true,
  },
];

export const PROBLEM: v.GenericSchema = problemShape;
