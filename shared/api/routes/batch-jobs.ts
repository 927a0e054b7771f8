/** The description of the route that creates jobs of COS Batch. */
import { batchJobRequest } from '../../providers/tencent/batch/request.ts';
import { cancelJobBody, confirmJobBody, jobPriorityBody } from '../requests.ts';
import { jobIdShape, jobShape } from '../responses.ts';
import { startedExample } from './examples.ts';
import type { RouteDescription } from './route.ts';

const JOB_ID = '53dc6228-c50b-46f7-8ad7-65e7159f1aae';

const steered = {
  tag: 'steer',
  answers: { 200: jobIdShape },
  answer: { jobId: JOB_ID },
  problems: [400, 404, 409, 502, 504],
} as const;

export const BATCH_JOB_ROUTES = [
  {
    tag: 'start',
    isIdempotent: true,
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
    answer: { ...startedExample, jobId: JOB_ID },
    problems: [400, 404, 409, 422, 502, 504],
  },
  {
    ...steered,
    route: 'POST /batch-jobs/{jobId}/confirm',
    id: 'confirmBatchJob',
    summary: 'Starts a job of COS Batch that waits for its confirmation',
    body: confirmJobBody,
    example: { region: 'ap-chengdu' },
  },
  {
    ...steered,
    route: 'POST /batch-jobs/{jobId}/cancel',
    id: 'cancelBatchJob',
    summary: 'Cancels a job of COS Batch',
    body: cancelJobBody,
    example: { region: 'ap-chengdu', reason: 'wrong target' },
  },
  {
    ...steered,
    route: 'PUT /batch-jobs/{jobId}/priority',
    id: 'prioritiseBatchJob',
    summary: 'Changes the priority of a job of COS Batch; larger ones go first',
    body: jobPriorityBody,
    example: { region: 'ap-chengdu', priority: 100 },
  },
] as const satisfies readonly RouteDescription[];
