/** Descriptions of the routes that read runs and transfers. */
import { runsQuery, transfersQuery } from '../page-queries.ts';
import { runShape, runsShape, transferShape, transfersShape } from '../responses.ts';
import { runExample, transferExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

export const RUN_ROUTES = [
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
] as const satisfies readonly RouteDescription[];
