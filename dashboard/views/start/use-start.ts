/** Sends the request of a form that starts work, and opens its run or migration. */
import { useRef, useState } from 'preact/hooks';
import { isStarted } from '../../api/checks.ts';
import { type Failure, toFailure } from '../../api/failure.ts';
import type { StartRequest } from '../../model/start-request.ts';
import { usePage } from '../../state/context.ts';
import { migrationHref, runHref } from '../../state/route.ts';

export function useStart() {
  const { client } = usePage();
  const [failure, setFailure] = useState<Failure>();
  const [isBusy, setBusy] = useState(false);
  // The same request pressed again after a lost answer must not start the work twice.
  const last = useRef<{ readonly text: string; readonly key: string }>(undefined);
  const start = async (request: StartRequest) => {
    const text = JSON.stringify(request);
    if (last.current?.text !== text) last.current = { text, key: newKey() };
    setBusy(true);
    setFailure(undefined);
    try {
      const headers = { 'idempotency-key': last.current.key };
      const started = await client.post(request.path, request.body, isStarted, headers);
      location.hash =
        'runId' in started ? runHref(started.runId) : migrationHref(started.migrationId);
    } catch (error) {
      setFailure(toFailure(error));
      setBusy(false);
    }
  };
  return { start, failure, isBusy };
}

/** `randomUUID` is there on https alone. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
