/** Descriptions of the routes that start tasks of Huawei OMS. */
import { omsStartBody } from '../requests.ts';
import { startedShape } from '../responses.ts';
import { startedExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

const omsStart = {
  tag: 'start',
  isIdempotent: true,
  answer: startedExample,
  body: omsStartBody,
  bodyOptional: true,
  example: { region: 'cn-north-4', credentials: 'default', failedObjectsOnly: true },
  answers: { 200: startedShape, 202: startedShape },
  problems: [400, 404, 409, 422, 502, 504],
} as const;

const omsTask = (version: 'v1' | 'v2'): RouteDescription => ({
  ...omsStart,
  route: `POST /oms/${version}/tasks/{taskId}/start`,
  id: `startOmsTask${version.toUpperCase()}`,
  summary: `Starts a paused or failed task of OMS ${version}; 200 if it is already running`,
});

export const OMS_V1_ROUTES: readonly RouteDescription[] = [omsTask('v1')];

export const OMS_V2_ROUTES: readonly RouteDescription[] = [
  omsTask('v2'),
  {
    ...omsStart,
    route: 'POST /oms/v2/taskgroups/{groupId}/start',
    id: 'startOmsGroup',
    summary:
      'Starts a paused task group of OMS v2, or retries a failed one; 200 if it is already running',
  },
];
