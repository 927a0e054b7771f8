/**
 * Removes secrets from text of other services. Providers quote our own signed strings back: COS in
 * `StringToSign` and `FormatString`, Huawei's gateway in a 401.
 */
import { maskUrls } from './url-secrets.ts';

/** The start of a text that may be an answer of a megabyte. */
export const redactStart = (text: string, length = 16_384): string =>
  redact(text.slice(0, length).toWellFormed());

/** Faults of an input, one for each object of a request at most. */
export const redactFaults = (
  faults: readonly { readonly path: string; readonly message: string }[],
) =>
  faults.slice(0, 1_000).map(({ path, message }) => ({
    path: redactStart(path, 1_024),
    message: redactStart(message, 1_024),
  }));

export function redact(text: string): string {
  return maskUrls(text)
    .replace(/(q-signature|q-ak|Signature|Access)=[^&,\s"'<|]+/gi, '$1=***')
    .replace(
      /(x-(?:cos-|amz-|obs-)?security-token|x-auth-token|authorization)(["']?\s*[:=]\s*)[^\n|]+/gi,
      '$1$2***',
    )
    .replace(
      /((?:src|dst|source|target)_(?:ak|sk|security_token)|json_auth_file|connection_string|source_cdn_authentication_key|password)(\\?["']?\s*[:=]\s*\\?["']?)[^"'\\,\s}|]+/gi,
      '$1$2***',
    )
    .replace(/Bearer\s+[\w.~+/=-]+/gi, 'Bearer ***');
}
