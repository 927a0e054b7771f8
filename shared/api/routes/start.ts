/** Descriptions of the routes that start runs. */
import { fetchesBody, manifestBody } from '../requests.ts';
import { startedShape } from '../responses.ts';
import { MANIFEST_KEY, startedExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

const start = { tag: 'start', isIdempotent: true, answer: startedExample } as const;

export const START_ROUTES = [
  {
    ...start,
    route: 'POST /fetches',
    id: 'createFetches',
    summary: 'Fetches up to 1,000 objects into a COS bucket',
    body: fetchesBody(false),
    example: {
      region: 'ap-shanghai',
      bucket: 'examplebucket-1250000000',
      objects: [{ url: 'http://origin.example/a%20b.mp4', key: 'videos/a b.mp4' }],
      onKeyExist: 'ignore',
    },
    answers: { 202: startedShape },
    problems: [400, 409, 422],
  },
  {
    ...start,
    route: 'POST /manifests',
    id: 'startManifest',
    summary: 'Starts, or finds, the run of a manifest that is in the store',
    body: manifestBody,
    example: { key: MANIFEST_KEY, onKeyExist: 'ignore' },
    answers: { 202: startedShape },
    problems: [400, 404, 409, 422],
  },
] as const satisfies readonly RouteDescription[];
