/** A fetch task: what was asked for, and what became of it. */

export interface FetchRequest {
  readonly bucket: string;
  readonly key: string;
  readonly url: string;
  readonly md5?: string;
  readonly onKeyExist: 'ignore' | 'override';
  readonly successCallbackUrl?: string;
  readonly failureCallbackUrl?: string;
}

export interface FetchTask extends FetchRequest {
  readonly taskId: string;
  readonly acceptedAt: Date;
  state: 'doing' | 'succeeded' | 'failed';
  /** Of a failed task. */
  code?: string;
  message?: string;
}
