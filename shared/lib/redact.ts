/**
 * Removes secrets from text of other services. Providers quote our own signed strings back: COS in
 * `StringToSign` and `FormatString`, Huawei's gateway in a 401.
 */
import { maskUrls } from './url-secrets.ts';

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
