/** Descriptions of the routes that retry and cancel runs. */
import { retryBody } from '../requests.ts';
import { retriedShape, startedShape } from '../responses.ts';
import { startedExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

export const CHANGE_ROUTES = [
  {
    tag: 'steer',
    route: 'POST /runs/{runId}/retry',
    id: 'retryRun',
    summary: 'Retries failed transfers, of some classes or all; continues a cancelled run',
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
] as const satisfies readonly RouteDescription[];
