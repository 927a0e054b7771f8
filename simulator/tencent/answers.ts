/** Answers in the forms of COS: XML errors with request ids. */
import type { Refusals } from '../faults/disturb.ts';
import type { Answer } from '../server.ts';

let requests = 0;

/** Request ids look like base64 of some hex words, as in the samples. */
export function requestId(): string {
  requests += 1;
  return Buffer.from(`5a5aeab2_${requests.toString(16).padStart(8, '0')}_4db1_`).toString('base64');
}

/** https://cloud.tencent.com/document/product/436/7730 */
export function cosError(status: number, code: string, message: string, path = '/'): Answer {
  const id = requestId();
  const body =
    '<?xml version="1.0" encoding="utf-8" ?>\n' +
    `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message>` +
    `<Resource>${escapeXml(path)}</Resource><RequestId>${id}</RequestId><TraceId>${id}</TraceId></Error>`;
  return {
    status,
    headers: {
      'content-type': 'application/xml',
      'x-cos-request-id': id,
      'x-cos-trace-id': id,
    },
    body,
  };
}

/** What the service can do and the simulator can't: a made-up answer would mislead. */
export const notSimulated = (what: string, path?: string): Answer =>
  cosError(501, 'NotImplemented', `${what} is not simulated.`, path);

export const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', 'x-cos-request-id': requestId() },
  body: JSON.stringify(value),
});

/** Refusals of COS before it takes a request. */
export const cosRefusals: Refusals = {
  slowDown: () => cosError(503, 'SlowDown', 'Reduce your request rate.'),
  tooManyRequests: () => cosError(429, 'TooManyRequests', 'Reduce your request rate.'),
  internalError: () => cosError(500, 'InternalError', 'We encountered an internal error.'),
};

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
