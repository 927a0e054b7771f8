/** Descriptions of the routes that start work, and of the one that uploads manifests. */
import { batchJobRequest } from '../../providers/tencent/batch/request.ts';
import { fetchesBody, manifestBody, omsStartBody, uploadBody } from '../requests.ts';
import { jobShape, startedShape, uploadShape } from '../responses.ts';
import { startedExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

const start = { tag: 'start', isIdempotent: true, answer: startedExample } as const;

const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/videos.csv';

const omsStart = {
  ...start,
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
  summary: `Starts a paused or failed task of OMS ${version}; 200 when it runs already`,
});

export const START: readonly RouteDescription[] = [
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
    example: { key: KEY },
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
    answer: { ...startedExample, jobId: '53dc6228-c50b-46f7-8ad7-65e7159f1aae' },
    problems: [400, 404, 409, 422, 502, 504],
  },
  omsTask('v2'),
  {
    ...omsStart,
    route: 'POST /oms/v2/taskgroups/{groupId}/start',
    id: 'startOmsGroup',
    summary:
      'Starts a paused task group of OMS v2, or retries a failed one; 200 when it runs already',
  },
  omsTask('v1'),
  {
    tag: 'steer',
    route: 'POST /uploads',
    id: 'createUpload',
    summary: 'Tells where a manifest may be put, for a quarter of an hour',
    body: uploadBody,
    example: { key: KEY },
    answers: { 200: uploadShape },
    answer: {
      method: 'PUT',
      url: `https://waybill-manifests.s3.ap-southeast-1.amazonaws.com/${KEY}?X-Amz-Expires=900`,
      headers: {},
    },
    problems: [400],
  },
];
