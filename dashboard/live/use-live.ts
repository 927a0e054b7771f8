/** The hook that polls a route while its part of the page is shown and visible. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Check } from '../api/client.ts';
import { type Failure, toFailure } from '../api/failure.ts';
import { usePage } from '../state/context.ts';
import { connection } from './connection.ts';
import { nextLookMs } from './poll-delay.ts';

export interface Live<Value> {
  /** Of the route that is asked now. */
  readonly value: Value | undefined;
  /** Of the route before, until the new one has answered. */
  readonly previous: Value | undefined;
  /** Of the last look; the value stays beside it. */
  readonly failure: Failure | undefined;
  readonly isLoading: boolean;
  readonly refresh: () => void;
}

interface Held<Value> {
  readonly path: string | undefined;
  readonly value: Value | undefined;
  readonly failure: Failure | undefined;
}

/**
 * @param path undefined asks nothing
 * @param everyMs until the next look, by what the last one found; undefined: it can't change any more
 */
export function useLive<Value>(
  path: string | undefined,
  check: Check<Value>,
  everyMs: (value: Value) => number | undefined = () => undefined,
): Live<Value> {
  const { client } = usePage();
  const [held, setHeld] = useState<Held<Value>>({
    path: undefined,
    value: undefined,
    failure: undefined,
  });
  const [isLoading, setLoading] = useState(false);
  const pace = useRef(everyMs);
  pace.current = everyMs;
  const again = useRef<() => void>(() => {});

  useEffect(() => {
    if (path === undefined) return undefined;
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let looking = false;
    let failures = 0;
    let dueAt: number | undefined;

    const plan = (ms: number | undefined) => {
      clearTimeout(timer);
      dueAt = ms === undefined ? undefined : Date.now() + ms;
      if (ms !== undefined && !document.hidden) timer = setTimeout(look, ms);
    };
    const look = async () => {
      if (looking) return;
      looking = true;
      clearTimeout(timer);
      setLoading(true);
      try {
        const value = await client.get(path, check, { signal: ended.signal });
        if (ended.signal.aborted) return;
        failures = 0;
        setHeld((before) =>
          before.path === path && before.value === value && !before.failure
            ? before
            : { path, value, failure: undefined },
        );
        connection.set({ answeredAt: Date.now(), failure: undefined });
        plan(nextLookMs({ everyMs: pace.current(value), failures }, Math.random()));
      } catch (error) {
        if (ended.signal.aborted) return;
        const failure = toFailure(error);
        failures += 1;
        setHeld((before) => ({
          path,
          value: before.path === path ? before.value : client.peek(path, check),
          failure,
        }));
        // A 404 is an answer too: the service is there.
        if (failure.kind !== 'missing')
          connection.set({ ...connection.get(), failure: failure.kind });
        const { retryAfterMs } = failure.details;
        const isFinal = failure.kind === 'unauthorized' || failure.kind === 'refused';
        plan(
          isFinal
            ? undefined
            : nextLookMs({ everyMs: undefined, failures, retryAfterMs }, Math.random()),
        );
      } finally {
        looking = false;
        if (!ended.signal.aborted) setLoading(false);
      }
    };
    const wake = () => {
      if (document.hidden) clearTimeout(timer);
      else if (dueAt !== undefined) plan(Math.max(0, dueAt - Date.now()));
    };
    const online = () => void look();
    again.current = online;
    document.addEventListener('visibilitychange', wake);
    window.addEventListener('online', online);
    void look();
    return () => {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', wake);
      window.removeEventListener('online', online);
    };
  }, [client, path, check]);

  const refresh = useCallback(() => again.current(), []);
  const isNow = held.path === path;
  const remembered = isNow || path === undefined ? undefined : client.peek(path, check);
  return {
    value: isNow ? held.value : remembered,
    previous: held.value,
    failure: isNow ? held.failure : undefined,
    isLoading,
    refresh,
  };
}

/** The time, told anew every `everyMs` while the page can be seen. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now());
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
