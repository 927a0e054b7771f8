/** Turns an error into the cause that rows, reports and answers hold. */
import { type Cause, ProviderError, WaybillError } from './errors.ts';
import { redact } from './redact.ts';

/** Makes the row of any error: message cut to 256 characters, secrets gone. */
export function toCause(error: unknown): Cause {
  if (error instanceof ProviderError) {
    return {
      provider: error.provider,
      code: safeText(error.providerCode),
      message: safeText(error.message),
      ...(error.requestId === undefined ? {} : { requestId: safeText(error.requestId) }),
      class: error.class,
    };
  }
  if (error instanceof WaybillError) {
    return {
      provider: 'waybill',
      code: error.code,
      message: safeText(error.message),
      class: error.class ?? 'request',
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    provider: 'waybill',
    code: 'UNEXPECTED',
    message: safeText(message),
    class: 'transient',
  };
}

/** What somebody else said, as rows and reports may hold it: secrets gone, then cut. */
export const safeText = (text: string, length = 256): string =>
  redact(text.slice(0, MAX_READ)).slice(0, length);

/** Nobody says more before the point, and what is cut off is not shown. */
const MAX_READ = 4_096;
