/**
 * Makes callback URLs and turns callbacks into updates. The token names transfer, attempt and
 * outcome; the body only adds detail to a failure. Its shape is not documented (COS reference,
 * section 2.3), so any body is accepted.
 */
import type { TransferUpdate } from '../../../ledger/model.ts';
import { safeText } from '../../../lib/cause.ts';
import type { Cause } from '../../../lib/errors.ts';
import { own, parseRecord } from '../../../lib/values.ts';
import type {
  CallbackClaim,
  CallbackTokens,
  CheckedClaim,
} from '../../../signing/callback-token.ts';
import { taskClass } from '../errors.ts';

/** What of a callback's request is read, beside its token. */
interface CallbackBody {
  readonly body: string;
  /** Of the header `content-type`; undefined when it was not sent. */
  readonly contentType: string | undefined;
}

export function callbackUpdate(
  claim: CallbackClaim,
  request: CallbackBody,
  at: Date,
): TransferUpdate {
  const { attempt, outcome } = claim;
  const update = { state: outcome, attempt, accepted: [], at, event: 'callback' } as const;
  return outcome === 'succeeded' ? update : { ...update, cause: causeFrom(request) };
}

function causeFrom({ body, contentType }: CallbackBody): Cause {
  const fields = parseBody(body, contentType ?? '');
  const code = word(fields, ['code', 'Code', 'errorCode']) ?? 'CALLBACK_FAILURE';
  const message = word(fields, ['message', 'Message', 'msg']) ?? 'the provider reported a failure';
  return {
    provider: 'tencent',
    code: safeText(code, 64),
    message: safeText(message),
    class: taskClass(code),
  };
}

/** No provider has so much to say; what a stranger says beyond it is not read. */
export const MAX_CALLBACK_BYTES = 65_536;

/** JSON or a form; nothing else is worth a guess. */
function parseBody(body: string, contentType: string): Readonly<Record<string, unknown>> {
  if (body.length > MAX_CALLBACK_BYTES) return {};
  if (contentType.includes('form-urlencoded')) return Object.fromEntries(new URLSearchParams(body));
  return parseRecord(body) ?? {};
}

function word(fields: Readonly<Record<string, unknown>>, names: readonly string[]) {
  for (const name of names) {
    const value = own(fields, name);
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

export interface CallbackUrls {
  readonly successCallbackUrl: string;
  readonly failureCallbackUrl: string;
}

/** How long a callback may take; the sweep finds later outcomes. */
const VALID_MS = 30 * 86_400_000;

/** How long ago the attempt was sent that a callback is about, in whole seconds. */
export const callbackLag = ({ expiry }: Pick<CheckedClaim, 'expiry'>, at: Date): number =>
  Math.max(0, (at.getTime() + VALID_MS) / 1_000 - expiry);

export const createCallbackUrls =
  (publicUrl: string, tokens: CallbackTokens, now: () => Date = () => new Date()) =>
  (transferId: string, attempt: number): CallbackUrls => {
    const expiresAt = new Date(now().getTime() + VALID_MS);
    const url = (outcome: 'succeeded' | 'failed') =>
      `${publicUrl}/callbacks/${tokens.make({ transferId, attempt, outcome }, expiresAt)}`;
    return { successCallbackUrl: url('succeeded'), failureCallbackUrl: url('failed') };
  };
