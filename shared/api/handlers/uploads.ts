/**
 * The route that returns where to upload a manifest: to the service itself, or to a signed URL of
 * the object store.
 */
import { json } from '../../runtime/http.ts';
import type { Uploads } from '../../stores/objects.ts';
import { parseBody, uploadBody } from '../requests.ts';
import type { Routes } from './common.ts';

export const uploadRoutes = (uploads: Uploads): Routes => ({
  'POST /uploads': async ({ body }) => {
    const { key } = parseBody(uploadBody, body);
    return json(200, await uploads.place(key));
  },
});
