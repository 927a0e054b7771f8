/**
 * Starts another function and does not wait for it.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */

import { createSignedSend } from '../../lib/aws/sigv4.ts';
import { StoreError, WaybillError } from '../../lib/errors.ts';
import { createSend, type Send } from '../../lib/http.ts';
import type { AwsConfig } from './config.ts';
import { domainOf } from './config.ts';

/** @throws StoreError (STORE_FAILED) when Lambda does not take it */
type Invoke = (functionName: string, event: unknown) => Promise<void>;

const TIMEOUT_MS = 5_000;

export function createInvoke(
  { keys, region, endpoint }: AwsConfig,
  send: Send = createSend({ timeoutMs: TIMEOUT_MS, connections: 2 }),
): Invoke {
  const origin = endpoint ?? `https://lambda.${region}.${domainOf(region)}`;
  const signedSend = createSignedSend({ keys, region, service: 'lambda', send });
  return async (functionName, event) => {
    const failed = (why: string, cause?: unknown) =>
      new StoreError(`Function ${functionName} could not be started: ${why}.`, cause);
    const answer = await signedSend({
      method: 'POST',
      origin,
      path: `/2015-03-31/functions/${functionName}/invocations`,
      query: [],
      headers: { 'content-type': 'application/json', 'x-amz-invocation-type': 'Event' },
      body: JSON.stringify(event),
    }).catch((error: unknown) => {
      if (!(error instanceof WaybillError)) throw error;
      throw failed(error.code, error);
    });
    if (answer.status !== 202) throw failed(`status ${answer.status}`);
  };
}
