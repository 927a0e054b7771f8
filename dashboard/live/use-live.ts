/** The hook that polls a route while its part of the page is shown and visible. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Check } from '../api/client.ts';
import type { Failure } from '../api/failure.ts';
import { usePage } from '../state/context.ts';
import { startPolling } from './polling.ts';

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
    const polling = startPolling({
      look: (signal) => client.get(path, check, { signal }),
      everyMs: (value) => pace.current(value),
      onLook: setLoading,
      onValue: (value) =>
        setHeld((before) =>
          before.path === path && before.value === value && !before.failure
            ? before
            : { path, value, failure: undefined },
        ),
      onFailure: (failure) =>
        setHeld((before) => ({
          path,
          value: before.path === path ? before.value : client.peek(path, check),
          failure,
        })),
    });
    again.current = polling.look;
    return polling.end;
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
