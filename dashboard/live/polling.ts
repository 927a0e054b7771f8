/** Polls one route, at once and then as often as its answers ask for, while the page is visible. */
import { type Failure, toFailure } from '../api/failure.ts';
import { connection } from './connection.ts';
import { nextLookMs } from './poll-delay.ts';

interface PollingOptions<Value> {
  readonly look: (signal: AbortSignal) => Promise<Value>;
  /** Until the next look; undefined: it can't change any more. */
  readonly everyMs: (value: Value) => number | undefined;
  /** Told when a look begins and when it ends. */
  readonly onLook: (isUnderWay: boolean) => void;
  readonly onValue: (value: Value) => void;
  readonly onFailure: (failure: Failure) => void;
}

interface Polling {
  /** Looks now. */
  look(): void;
  end(): void;
}

export function startPolling<Value>(options: PollingOptions<Value>): Polling {
  const { everyMs, onFailure, onLook, onValue } = options;
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLooking = false;
  let failures = 0;
  let dueAt: number | undefined;

  const plan = (ms: number | undefined): void => {
    clearTimeout(timer);
    dueAt = ms === undefined ? undefined : Date.now() + ms;
    if (ms !== undefined && !document.hidden) timer = setTimeout(look, ms);
  };

  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    clearTimeout(timer);
    onLook(true);
    try {
      const value = await options.look(ended.signal);
      if (ended.signal.aborted) return;
      failures = 0;
      onValue(value);
      connection.set({ answeredAt: Date.now(), failure: undefined });
      plan(nextLookMs({ everyMs: everyMs(value), failures }, Math.random()));
    } catch (error) {
      if (ended.signal.aborted) return;
      const failure = toFailure(error);
      failures += 1;
      onFailure(failure);
      plan(nextAfter(failure, failures));
    } finally {
      isLooking = false;
      if (!ended.signal.aborted) onLook(false);
    }
  };

  const wake = (): void => {
    if (document.hidden) clearTimeout(timer);
    else if (dueAt !== undefined) plan(Math.max(0, dueAt - Date.now()));
  };
  const lookNow = (): void => void look();
  document.addEventListener('visibilitychange', wake);
  window.addEventListener('online', lookNow);
  lookNow();
  return {
    look: lookNow,
    end() {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', wake);
      window.removeEventListener('online', lookNow);
    },
  };
}

/** Notes the failure for the header. @returns milliseconds until the next look, undefined for never */
function nextAfter({ kind, details }: Failure, failures: number): number | undefined {
  // A 404 is an answer too: the service is there.
  if (kind !== 'missing') connection.set({ ...connection.get(), failure: kind });
  if (kind === 'unauthorized' || kind === 'refused') return undefined;
  const { retryAfterMs } = details;
  return nextLookMs({ everyMs: undefined, failures, retryAfterMs }, Math.random());
}
