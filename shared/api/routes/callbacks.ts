/** Descriptions of the routes that providers call. */
import { MAX_MESSAGE_BYTES } from '../../providers/huawei/smn.ts';
import { MAX_CALLBACK_BYTES } from '../../providers/tencent/offline-fetch/callback.ts';
import type { RouteDescription } from './route.ts';

const callback = {
  tag: 'providers',
  summary: 'Called by COS when a fetch ended; the token in the path decides',
  answers: { 200: 'application/json' },
  answer: { recorded: true },
  problems: [404, 503],
  isPublic: true,
  maxBodyBytes: MAX_CALLBACK_BYTES,
  isBodyHint: true,
} as const;

export const CALLBACK_ROUTES = [
  { ...callback, route: 'GET /callbacks/{token}', id: 'getCallback' },
  { ...callback, route: 'POST /callbacks/{token}', id: 'postCallback' },
  {
    tag: 'providers',
    route: 'POST /notifications/smn',
    id: 'postSmnNotification',
    summary: 'Called by Huawei SMN; verified by its signature, used as a wake-up',
    answers: { 200: 'application/json' },
    answer: { received: true },
    problems: [403, 404, 413, 502, 503, 504],
    isPublic: true,
    maxBodyBytes: MAX_MESSAGE_BYTES,
  },
] as const satisfies readonly RouteDescription[];
