/** The description of the route that returns where to upload a manifest. */
import { uploadBody } from '../requests.ts';
import { uploadShape } from '../responses.ts';
import { MANIFEST_KEY } from './examples.ts';
import type { RouteDescription } from './route.ts';

export const UPLOAD_ROUTES = [
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
] as const satisfies readonly RouteDescription[];
