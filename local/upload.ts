/**
 * Handles `PUT /objects/{key+}`: streams a body into the objects folder and plans it when it is a
 * manifest.
 */

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { noQuery, parseQuery } from '../shared/api/requests.ts';
import { type InputCode, InputError, StoreError, WaybillError } from '../shared/lib/errors.ts';
import { type Caller, json, refusalOf } from '../shared/runtime/http.ts';
import { keyFault } from '../shared/stores/object-keys.ts';
import type { Objects } from '../shared/stores/objects.ts';
import { problem, type StreamHandler } from './http.ts';

interface UploadOptions {
  readonly objects: Objects;
  /** Called with the key of what was written, and by whom. */
  readonly onWritten: (key: string, caller: Caller | undefined) => unknown;
}

const OWN = /^(?:audits|fetches|migrations|reports|staging|lists\/[0-9a-f]{24})\//i;

export function createUpload({ objects, onWritten }: UploadOptions): StreamHandler {
  return async (request, params, caller) => {
    try {
      const key = params['key'] ?? '';
      // A file system may not tell `Reports/` from `reports/`.
      if (OWN.test(key)) {
        const expected =
          'expected none under audits/, fetches/, migrations/, reports/, staging/ or lists/<runId>/';
        throw refused('PATH_INVALID', 'This part of the store is written by Waybill.', [
          'key',
          expected,
        ]);
      }
      const fault = keyFault(key);
      if (fault !== undefined)
        throw refused('PATH_INVALID', "The key can't be stored.", ['key', fault]);
      const [, query = ''] = (request.url ?? '').split('?');
      parseQuery(noQuery, Object.fromEntries(new URLSearchParams(query)));
      checkType(request.headers['content-type']);
      const { etag, sizeBytes } = await objects.put(key, checkedContent(request));
      await onWritten(key, caller);
      return json(201, { key, etag, sizeBytes });
    } catch (error) {
      return refusal(error);
    }
  };
}

const refused = (
  code: InputCode,
  text: string,
  [path, message]: readonly [path: string, message: string],
): InputError => new InputError(code, text, [{ path, message }]);

/** A form's boundaries would become lines of the manifest; curl's own type says nothing of the body. */
function checkType(type = ''): void {
  if (!/^\s*multipart\//i.test(type)) return;
  throw refused('UNSUPPORTED_MEDIA_TYPE', 'The body is a form, not a file.', [
    'Content-Type',
    'expected the file itself as the body, as curl --upload-file sends it',
  ]);
}

/** https://www.rfc-editor.org/rfc/rfc1864 */
const MD5_BASE64 = /^[A-Za-z0-9+/]{22}==$/;

/**
 * The body, kept open when the store fails, so that the refusal can be sent.
 * @throws InputError (HEADER_INVALID, `Content-MD5`), at its end if it is another body than was sent
 */
function checkedContent(request: IncomingMessage): AsyncIterable<Uint8Array> {
  const content: AsyncIterable<Uint8Array> = request.iterator({ destroyOnReturn: false });
  const expected = request.headers['content-md5'];
  if (expected === undefined) return content;
  const message = 'expected the MD5 of the body, 16 bytes in base64';
  if (typeof expected !== 'string' || !MD5_BASE64.test(expected)) {
    throw refused('HEADER_INVALID', 'The header is malformed.', ['Content-MD5', message]);
  }
  return (async function* () {
    const hash = createHash('md5');
    for await (const part of content) {
      hash.update(part);
      yield part;
    }
    if (hash.digest('base64') === expected) return;
    throw refused('HEADER_INVALID', 'The body was damaged on its way; nothing was stored.', [
      'Content-MD5',
      message,
    ]);
  })();
}

function refusal(error: unknown) {
  if (error instanceof InputError) {
    // A store's rules for keys: here the key stands in the path.
    const isKey = error.code === 'BODY_INVALID';
    return refusalOf(isKey ? new InputError('PATH_INVALID', error.message, error.errors) : error);
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
