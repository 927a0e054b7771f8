/**
 * Removes the temporary keys that SCF, FunctionGraph and their kind put into request headers, before
 * anything else sees the request.
 */
import type { IncomingMessage } from 'node:http';

const KEYS =
  /^x-(?:scf-(?:secret-id|secret-key|session-token)|cff-(?:access-key|secret-key|security-token|auth-token)|fc-(?:access-key-id|access-key-secret|security-token))$/i;

export function removePlatformKeys({ headers, rawHeaders }: IncomingMessage): void {
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    const name = rawHeaders[at] ?? '';
    if (!KEYS.test(name)) continue;
    rawHeaders.splice(at, 2);
    delete headers[name.toLowerCase()];
  }
}
