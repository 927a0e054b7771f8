/** Descriptions of the routes about runs: reading, retrying, cancelling, reports. */
import type * as v from 'valibot';
import { retryBody, runsQuery, transfersQuery } from '../requests.ts';
import {
  retriedShape,
  runShape,
  runsShape,
  startedShape,
  summaryShape,
  transferShape,
  transfersShape,
} from '../responses.ts';
import {
  failedExample,
  rejectedExample,
  restExample,
  runExample,
  startedExample,
  summaryExample,
  transferExample,
} from './examples.ts';
import type { RouteDescription } from './route.ts';

const report = (
  name: string,
  type: v.GenericSchema | string,
  answer: unknown,
): RouteDescription => ({
  tag: 'reports',
  route: `GET /runs/{runId}/${name}`,
  id: `get${name.replace(/(?:^|\.)(\w)/g, (_all, first: string) => first.toUpperCase())}`,
  summary: `The report ${name} of a run, as far as it is known`,
  answers: { 200: type },
  answer,
  mayRedirect: true,
  problems: [404],
});

export const READ: readonly RouteDescription[] = [
  {
    tag: 'read',
    route: 'GET /runs',
    id: 'listRuns',
    summary: 'Runs, newest first',
    query: runsQuery,
    answers: { 200: runsShape },
    answer: { runs: [runExample], nextCursor: null },
    problems: [400],
  },
  {
    tag: 'read',
    route: 'GET /runs/{runId}',
    id: 'getRun',
    summary: 'One run',
    answers: { 200: runShape },
    answer: runExample,
    problems: [404],
  },
  {
    tag: 'read',
    route: 'GET /runs/{runId}/transfers',
    id: 'listTransfers',
    summary: 'Transfers of a run, in the order of its manifest',
    query: transfersQuery,
    answers: { 200: transfersShape },
    answer: { transfers: [transferExample], nextCursor: null },
    problems: [400, 404],
  },
  {
    tag: 'read',
    route: 'GET /runs/{runId}/transfers/{transferId}',
    id: 'getTransfer',
    summary: 'One transfer with its history',
    answers: { 200: transferShape },
    answer: transferExample,
    problems: [404],
  },
  {
    tag: 'steer',
    route: 'POST /runs/{runId}/retry',
    id: 'retryRun',
    summary: 'Tries failed transfers again, of some classes or all; goes on with a cancelled run',
    body: retryBody,
    bodyOptional: true,
    example: { class: ['source', 'transient'] },
    answers: { 202: retriedShape },
    answer: { ...startedExample, ordered: 8, pending: 0, unread: 0 },
    problems: [400, 404, 409],
  },
  {
    tag: 'steer',
    route: 'POST /runs/{runId}/cancel',
    id: 'cancelRun',
    summary: 'Stops sending; transfers that the provider has accepted continue',
    answers: { 202: startedShape },
    answer: startedExample,
    problems: [404, 409],
  },
  report('failed.csv', 'text/csv', failedExample),
  report('rejected.csv', 'text/csv', rejectedExample),
  report('rest.csv', 'text/csv', restExample),
  report('summary.json', summaryShape, summaryExample),
  {
    tag: 'reports',
    route: 'GET /runs/{runId}/{file}',
    id: 'getReceipt',
    summary: 'A part of the receipt: receipt.jsonl, receipt-2.jsonl and so on',
    answers: { 200: 'application/jsonl' },
    answer: '{"type":"header","version":1}\n',
    mayRedirect: true,
    problems: [404],
  },
];
