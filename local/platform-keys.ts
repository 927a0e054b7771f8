/**
 * Removes the temporary keys that SCF, FunctionGraph and their kind put into request headers, before
 * anything else sees the request.
 */
import type { IncomingMessage } from 'node:http';

// By their words: the clouds name them differently from runtime to runtime.
// https://support.huaweicloud.com/intl/en-us/usermanual-functiongraph/functiongraph_01_0395.html
const KEYS = /^x-(?:scf|cff|fc)-.*(?:key|secret|token)/i;

export function removePlatformKeys({ headers, rawHeaders }: IncomingMessage): void {
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    const name = rawHeaders[at] ?? '';
    if (!KEYS.test(name)) continue;
    rawHeaders.splice(at, 2);
    delete headers[name.toLowerCase()];
  }
}
