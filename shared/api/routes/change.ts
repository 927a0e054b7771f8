/** Descriptions of the routes that upload manifests, retry, pause, resume and cancel runs. */
import { retryBody, uploadBody } from '../requests.ts';
import { retriedShape, startedShape, uploadShape } from '../responses.ts';
import { MANIFEST_KEY, startedExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

export const CHANGE_ROUTES = [
  {
    tag: 'steer',
    route: 'POST /uploads',
    id: 'createUpload',
    summary: 'Returns an address to upload a manifest to, valid for 15 minutes',
    body: uploadBody,
    example: { key: MANIFEST_KEY },
    answers: { 200: uploadShape },
    answer: {
      method: 'PUT',
      url: `https://waybill-manifests.s3.ap-southeast-1.amazonaws.com/${MANIFEST_KEY}?X-Amz-Expires=900`,
      headers: {},
    },
    problems: [400],
  },
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
    route: 'POST /runs/{runId}/pause',
    id: 'pauseRun',
    summary: 'Sends nothing more until the run is resumed; accepted transfers continue',
    answers: { 202: startedShape },
    answer: startedExample,
    problems: [404, 409],
  },
  {
    tag: 'steer',
    route: 'POST /runs/{runId}/resume',
    id: 'resumeRun',
    summary: 'Resumes a paused run',
    answers: { 202: startedShape },
    answer: startedExample,
    problems: [404, 409],
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
