/**
 * Sends a request that arrived as an event to this service's own address: one way in, with its routes,
 * tokens and limits.
 */
import { isUtf8 } from 'node:buffer';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { HttpAnswer } from '../shared/runtime/http.ts';
import type { VendorRequest } from './vendor-events.ts';

/** Of one connection, not of the request: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const OF_CONNECTION =
  /^(?:connection|content-length|date|expect|host|keep-alive|proxy-.+|te|trailer|transfer-encoding|upgrade)$/i;

/** Marks what anybody may have sent: such a request starts no events, which need no token. */
export const PASSED_ON = 'waybill-passed-on';

export const askSelf =
  (url: string) =>
  ({ method, path, headers, body }: VendorRequest): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      const call = request(url, {
        method,
        // Gateways decode paths.
        path: path.replace(/[^\x21-\x7e]+/gu, encodeURIComponent),
        headers: { ...passed(headers), [PASSED_ON]: 'yes', 'content-length': body.length },
      });
      call.on('error', reject);
      call.on('response', (answer) => {
        buffer(answer).then((content) => {
          const isBase64Encoded = !isUtf8(content);
          resolve({
            statusCode: answer.statusCode ?? 502,
            headers: passed(answer.headers),
            body: content.toString(isBase64Encoded ? 'base64' : 'utf8'),
            isBase64Encoded,
          });
        }, reject);
      });
      call.end(body);
    });

const passed = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      OF_CONNECTION.test(name) || value === undefined ? [] : [[name, String(value)]],
    ),
  );
