/**
 * Handles `PUT /objects/{key+}`: streams a body into the objects folder and plans it when it is a
 * manifest.
 */
import { InputError, StoreError, WaybillError } from '../shared/lib/errors.ts';
import { json } from '../shared/runtime/http.ts';
import type { Objects } from '../shared/stores/objects.ts';
import { problem, type StreamHandler } from './http.ts';

export interface UploadOptions {
  readonly objects: Objects;
  /** Called with the key of what was written. */
  readonly onWritten: (key: string) => void;
}

export function createUpload({ objects, onWritten }: UploadOptions): StreamHandler {
  return async (request, params) => {
    try {
      const key = params['key'] ?? '';
      // A file system may not tell `Reports/` from `reports/`.
      if (/^(?:reports|staging|fetches)\//i.test(key)) {
        const fault = {
          path: 'key',
          message: 'expected none under reports/, staging/ or fetches/',
        };
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
      return refusal(error);
    }
  };
}

function refusal(error: unknown) {
  if (error instanceof InputError) {
    const answer = problem(...BAD_REQUEST, error.message, error.code);
    const body = { ...JSON.parse(answer.body ?? '{}'), errors: error.errors };
    return { ...answer, body: JSON.stringify(body) };
  }
  if (error instanceof StoreError) {
    const [status, title] = isDiskFull(error.cause) ? DISK_FULL : UNAVAILABLE;
    return problem(status, title, reasonOf(error), error.code);
  }
  if (error instanceof WaybillError) throw error;
  return problem(...BAD_REQUEST, 'The body broke off.');
}

/** The operator of this machine may know why; but a system's own message names the file's path. */
function reasonOf({ message, cause }: StoreError): string {
  const isQuoted = cause instanceof Error && message.includes(cause.message);
  const code = isQuoted && 'code' in cause ? String(cause.code) : undefined;
  return isQuoted ? `The object store failed: ${code ?? 'unknown error'}.` : message;
}

const BAD_REQUEST = [400, 'Bad Request'] as const;
const UNAVAILABLE = [503, 'Service Unavailable'] as const;
const DISK_FULL = [507, 'Insufficient Storage'] as const;

const isDiskFull = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && ['ENOSPC', 'EDQUOT'].includes(String(cause.code));
