/** Sends a request once more when its key was refused and has been changed meanwhile. */
import { ProviderError } from '../errors.ts';
import type { Renewal } from './secrets.ts';

export async function withRenewal<Answer>(
  renewal: Renewal | undefined,
  request: () => Promise<Answer>,
): Promise<Answer> {
  const since = renewal?.version() ?? 0;
  try {
    return await request();
  } catch (error) {
    const isRefused = error instanceof ProviderError && error.class === 'credentials';
    if (!renewal || !isRefused || !(await renewal.renew(since))) throw error;
    return request();
  }
}
