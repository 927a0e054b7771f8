/** The error of a refused AWS call. Adapters turn it into the errors of their port. */

export class AwsError extends Error {
  /** Without namespace, such as `ConditionalCheckFailedException`. */
  readonly exception: string;
  readonly status: number;

  constructor(service: string, action: string, status: number, exception: string, detail: string) {
    super(`${service} ${action}: ${exception}${detail && `: ${detail.slice(0, 256)}`}`);
    this.name = 'AwsError';
    this.exception = exception;
    this.status = status;
  }
}

const THROTTLED = new Set([
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'SlowDown',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Passes by itself: busy, or broken on their side. */
export const isPassing = ({ exception, status }: AwsError): boolean =>
  THROTTLED.has(exception) || status === 429 || status >= 500;
