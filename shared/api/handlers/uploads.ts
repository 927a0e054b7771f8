/**
 * The route that returns where to upload a manifest: to the service itself, or to a signed URL of
 * the object store.
 */
import { json } from '../../runtime/http.ts';
import type { Uploads } from '../../stores/objects.ts';
import { parseBody, uploadBody } from '../requests.ts';
import type { UPLOAD_ROUTES } from '../routes/uploads.ts';
import type { Routes } from './common.ts';

export const uploadRoutes = (uploads: Uploads): Routes<typeof UPLOAD_ROUTES> => ({
  'POST /uploads': async ({ body }) => {
    const { key } = parseBody(uploadBody, body);
    return json(200, await uploads.place(key));
  },
});
