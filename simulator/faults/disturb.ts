/** Injects the faults of `faults.ts` into an API, whatever the format of its provider's answers. */
import type { Answer } from '../server.ts';
import type { FaultRule } from './faults.ts';

/** The provider's own refusals. */
export interface Refusals {
  slowDown(): Answer;
  tooManyRequests(): Answer;
  internalError(): Answer;
}

/**
 * Serves one request under a fault: refused before anything is taken, late, or with the answer
 * spoilt after it was taken. A refusal of the API's own is spoilt likewise.
 * @param odd rewrites the body of a success in a shape that documents and SDKs disagree about
 */
export async function disturbed(
  rule: FaultRule | undefined,
  refusals: Refusals,
  serve: () => Answer | Promise<Answer>,
  odd: (body: string) => string = (body) => body,
): Promise<Answer> {
  switch (rule?.kind) {
    case 'slow-down':
      return refusals.slowDown();
    case 'too-many-requests': {
      const answer = refusals.tooManyRequests();
      const seconds = String(rule.retryAfterSeconds ?? 1);
      return { ...answer, headers: { ...answer.headers, 'retry-after': seconds } };
    }
    case 'internal-error':
      return refusals.internalError();
    case 'reset-before':
      return { status: 0, breakOff: 'reset' };
    case 'delay':
      await new Promise<void>((done) => setTimeout(done, rule.delayMs ?? 1_000).unref());
      return serve();
    case 'bad-gateway':
      return spoilt(serve, () => gatewayError(502));
    case 'gateway-timeout':
      return spoilt(serve, () => gatewayError(504));
    case 'reset-after':
      return spoilt(serve, (answer) => ({ ...answer, breakOff: 'reset' }));
    case 'stall':
      return spoilt(serve, (answer) => ({ ...answer, breakOff: 'stall' }));
    case 'truncate':
      return spoilt(serve, (answer) => ({ ...answer, breakOff: 'truncate' }));
    case 'empty':
      return spoilt(serve, (answer) => ({ ...answer, body: '' }));
    case 'odd-shape':
      return spoilt(serve, (answer) =>
        answer.status === 200 ? { ...answer, body: odd(String(answer.body ?? '')) } : answer,
      );
    default:
      return serve();
  }
}

const spoilt = async (
  serve: () => Answer | Promise<Answer>,
  spoil: (answer: Answer) => Answer,
): Promise<Answer> => spoil(await serve());

/** What a gateway in front of a service says when the service does not answer. */
export const gatewayError = (status: 502 | 504): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html>\r\n<head><title>${status}</title></head>\r\n<body><center><h1>${status}</h1></center></body>\r\n</html>\r\n`,
});
