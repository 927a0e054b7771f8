/** `PUT /objects/{key+}`: streams a body into the objects folder and plans it when it is a manifest. */
import { createBearer } from '../shared/bearer.ts';
import { InputError, StoreError, WaybillError } from '../shared/errors.ts';
import { json } from '../shared/middleware.ts';
import type { Objects } from '../shared/objects/port.ts';
import { problem, type StreamHandler } from './http.ts';

export interface UploadOptions {
  readonly apiTokens: readonly string[];
  readonly objects: Objects;
  /** Called with the key of what was written. */
  readonly onWritten: (key: string) => void;
}

export function createUpload({ apiTokens, objects, onWritten }: UploadOptions): StreamHandler {
  const authorize = createBearer(apiTokens);
  return async (request, params) => {
    try {
      const headers = { authorization: request.headers.authorization ?? '' };
      authorize({ method: 'PUT', routeKey: '', params, query: {}, headers, body: '' });
      const key = params['key'] ?? '';
      if (key.startsWith('reports/') || key.startsWith('staging/')) {
        const fault = { path: 'key', message: 'expected none under reports/ or staging/' };
        throw new InputError('BODY_INVALID', 'This part of the store is written by Waybill.', [
          fault,
        ]);
      }
      // Kept open when the store fails, so that the refusal can be sent.
      const content = request.iterator({ destroyOnReturn: false });
      const { etag, sizeBytes } = await objects.put(key, content);
      onWritten(key);
      return json(201, { key, etag, sizeBytes });
    } catch (error) {
      request.resume();
      return refusal(error);
    }
  };
}

function refusal(error: unknown) {
  if (error instanceof InputError) {
    const unauthorized = error.code === 'UNAUTHORIZED';
    const answer = unauthorized
      ? problem(401, 'Unauthorized', error.message)
      : problem(400, 'Bad Request', error.message);
    const body = { ...JSON.parse(answer.body ?? '{}'), code: error.code, errors: error.errors };
    return { ...answer, body: JSON.stringify(body) };
  }
  // The operator of this machine may know why; it is their disk.
  if (error instanceof StoreError) return problem(507, 'Insufficient Storage', error.message);
  if (error instanceof WaybillError) return problem(500, 'Internal Server Error', error.code);
  return problem(400, 'Bad Request', 'The body broke off.');
}
