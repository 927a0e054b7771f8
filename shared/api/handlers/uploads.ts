/**
 * The route that returns where to upload a manifest: to the service itself, or to a signed URL of
 * the object store.
 */
import { InputError } from '../../lib/errors.ts';
import { json } from '../../runtime/http.ts';
import { badKey, keyFault } from '../../stores/object-keys.ts';
import type { Uploads } from '../../stores/objects.ts';
import { parseBody, uploadBody } from '../requests.ts';
import type { Routes } from './common.ts';

/** Where uploads start something; the rest of the store is Waybill's own. */
export const UPLOAD_PREFIXES = ['cos-fetch/', 'cos-batch/', 'oms/'] as const;

export const uploadRoutes = (uploads: Uploads): Routes => ({
  'POST /uploads': async ({ body }) => {
    const { key } = parseBody(uploadBody, body);
    const fault = keyFault(key);
    if (fault !== undefined) throw badKey(key, fault);
    if (!UPLOAD_PREFIXES.some((prefix) => key.startsWith(prefix))) {
      const message = `expected one under ${UPLOAD_PREFIXES.join(', ')}`;
      throw new InputError('BODY_INVALID', 'Nothing is taken there.', [{ path: 'key', message }]);
    }
    return json(200, await uploads.place(key));
  },
});
