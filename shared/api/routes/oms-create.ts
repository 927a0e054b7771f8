/** Descriptions of the routes that create, stop, delete and pace tasks and groups of OMS v2. */
import { bandwidthBody, createGroupBody, createTaskBody, omsPlaceBody } from '../oms-creation.ts';
import { omsPlaceQuery } from '../requests.ts';
import { omsIdShape, startedShape } from '../responses.ts';
import { startedExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

const created = {
  tag: 'start',
  isIdempotent: true,
  answers: { 202: startedShape },
  answer: startedExample,
  problems: [400, 404, 409, 422, 502, 504],
} as const;

const steered = {
  tag: 'steer',
  answers: { 200: omsIdShape },
  problems: [400, 404, 409, 502, 504],
} as const;

const place = { region: 'cn-north-4', credentials: 'default' };

const task = { taskId: '4042' };

const group = { groupId: '7f1c5a8e-0000-4a44-9d55-111111111111' };

const slots = [{ start: '22:00', end: '23:59', maxBandwidth: 104_857_600 }];

export const OMS_CREATE_ROUTES = [
  {
    ...created,
    route: 'POST /oms/v2/tasks',
    id: 'createOmsTasks',
    summary: 'Creates a task of OMS v2, or one for each list file of a manifest',
    body: createTaskBody,
    example: {
      ...place,
      list: { key: 'lists/7c0ffee5c0ffee5c0ffee5c0/000000-1a2b3c4d.csv' },
      dstNode: { bucket: 'destination-bucket' },
      description: 'media, first part',
      objectOverwriteMode: 'NO_OVERWRITE',
    },
  },
  {
    ...created,
    route: 'POST /oms/v2/taskgroups',
    id: 'createOmsGroup',
    summary: 'Creates a task group of OMS v2, of a prefix or a manifest',
    body: createGroupBody,
    example: {
      ...place,
      taskType: 'prefix',
      srcNode: {
        cloudType: 'AWS',
        region: 'eu-central-1',
        bucket: 'media',
        objectKey: ['photos/'],
      },
      dstNode: { bucket: 'destination-bucket', savePrefix: 'media/' },
    },
  },
  {
    ...steered,
    route: 'POST /oms/v2/tasks/{taskId}/stop',
    id: 'stopOmsTask',
    summary: 'Pauses a task of OMS v2; one that has just ended is stopped already',
    body: omsPlaceBody,
    bodyOptional: true,
    example: place,
    answer: task,
  },
  {
    ...steered,
    route: 'POST /oms/v2/taskgroups/{groupId}/stop',
    id: 'stopOmsGroup',
    summary: 'Pauses a task group of OMS v2',
    body: omsPlaceBody,
    bodyOptional: true,
    example: place,
    answer: group,
  },
  {
    ...steered,
    route: 'DELETE /oms/v2/tasks/{taskId}',
    id: 'deleteOmsTask',
    summary: 'Deletes a task of OMS v2 that does not run',
    query: omsPlaceQuery,
    answer: task,
  },
  {
    ...steered,
    route: 'DELETE /oms/v2/taskgroups/{groupId}',
    id: 'deleteOmsGroup',
    summary: 'Deletes a task group of OMS v2 that does not run',
    query: omsPlaceQuery,
    answer: group,
  },
  {
    ...steered,
    route: 'PUT /oms/v2/tasks/{taskId}/bandwidth',
    id: 'paceOmsTask',
    summary: 'Changes the bandwidth of a task of OMS v2; an empty list lifts the limit',
    body: bandwidthBody,
    example: { ...place, bandwidthPolicy: slots },
    answer: task,
  },
  {
    ...steered,
    route: 'PUT /oms/v2/taskgroups/{groupId}/bandwidth',
    id: 'paceOmsGroup',
    summary: 'Changes the bandwidth of a task group of OMS v2',
    body: bandwidthBody,
    example: { ...place, bandwidthPolicy: slots },
    answer: group,
  },
] as const satisfies readonly RouteDescription[];
