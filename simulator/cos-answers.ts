/** Answers in the forms of COS: XML errors with request ids, and a gateway's HTML. */
import type { Answer } from './server.ts';

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

/** What a gateway in front of COS says when COS does not answer. */
export const gatewayError = (status: 502 | 504): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html>\r\n<head><title>${status}</title></head>\r\n<body><center><h1>${status}</h1></center></body>\r\n</html>\r\n`,
});

export const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', 'x-cos-request-id': requestId() },
  body: JSON.stringify(value),
});

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
