/** One line of `waybill check`, and how a failure of a call becomes one. */
import * as v from 'valibot';
import { ProviderError, TransportError, WaybillError } from '../../shared/lib/errors.ts';
import { own } from '../../shared/lib/values.ts';

export const STATES = ['ok', 'warning', 'fault', 'skipped'] as const;

const checkLine = v.object({
  part: v.picklist(['configuration', 'tencent', 'huawei', 'target', 'callback', 'source']),
  /** Of a variable, target, project or source. */
  name: v.string(),
  state: v.picklist(STATES),
  /** What was found, and what to do. */
  message: v.string(),
});
export type CheckLine = v.InferOutput<typeof checkLine>;

export const checkShape = v.object({ ok: v.boolean(), checks: v.array(checkLine) });

/** What to do, by the provider's code. */
const ADVICE: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'Check the access key.',
  SignatureDoesNotMatch: 'Check the secret key.',
  NoSuchBucket: 'Create the bucket, or correct its name and region.',
  AccessDenied: 'Allow the key this call on the bucket.',
  ExpiredToken: 'Renew the temporary keys.',
};

/** @throws what is no failure of the call */
export function explainFailure(error: unknown): string {
  if (error instanceof ProviderError) {
    const advice =
      own(ADVICE, error.providerCode) ?? 'Look the code up in docs/troubleshooting.md.';
    return `${sentence(error.message)} ${advice}`;
  }
  if (error instanceof TransportError) {
    return `${sentence(error.message)} Check the region, the endpoint and the network.`;
  }
  if (error instanceof WaybillError) return sentence(error.message);
  throw error;
}

const sentence = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);
