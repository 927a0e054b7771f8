/** Promises that end early when an `AbortSignal` aborts. */

/** What `work` gives, or the signal's reason as soon as it aborts; `work` itself goes on. */
export async function unlessAborted<Value>(
  work: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (!signal) return work;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, fail) => {
    abort = () => fail(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
