/** The description of the route that lists sources. */
import { listBody } from '../requests.ts';
import { startedShape } from '../responses.ts';
import { startedExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

export const LIST_ROUTES = [
  {
    tag: 'start',
    isIdempotent: true,
    route: 'POST /lists',
    id: 'createList',
    summary: 'Lists a bucket of a source into the object store',
    body: listBody,
    example: { source: 's3://media/photos/', filters: { include: ['*.jpg'], minSize: 1 } },
    answers: { 202: startedShape },
    answer: startedExample,
    problems: [400, 404, 409, 422],
  },
] as const satisfies readonly RouteDescription[];
