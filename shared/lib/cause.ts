/** Turns an error into the cause that rows, reports and answers hold. */
import { type Cause, ProviderError, WaybillError } from './errors.ts';
import { redact } from './redact.ts';

/** Makes the row of any error: message cut to 256 characters, secrets gone. */
export function toCause(error: unknown): Cause {
  if (error instanceof ProviderError) {
    return {
      provider: error.provider,
      code: cut(error.providerCode),
      message: cut(error.message),
      ...(error.requestId === undefined ? {} : { requestId: cut(error.requestId) }),
      class: error.class,
    };
  }
  if (error instanceof WaybillError) {
    return {
      provider: 'waybill',
      code: error.code,
      message: cut(error.message),
      class: error.class ?? 'request',
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { provider: 'waybill', code: 'UNEXPECTED', message: cut(message), class: 'transient' };
}

const cut = (text: string): string => redact(text).slice(0, 256);
