/** Sends the request of a form that starts work, and opens its run or migration. */
import { useRef } from 'preact/hooks';
import { isStarted } from '../../api/checks.ts';
import { useRequest } from '../../live/use-action.ts';
import type { StartRequest } from '../../model/start-request.ts';
import { usePage } from '../../state/context.ts';
import { migrationHref, runHref } from '../../state/route.ts';

export function useStart() {
  const { client } = usePage();
  // The same request pressed again after a lost answer must not start the work twice.
  const last = useRef<{ readonly text: string; readonly key: string }>(undefined);
  const { request, ...rest } = useRequest(async (wanted: StartRequest) => {
    const text = JSON.stringify(wanted);
    if (last.current?.text !== text) last.current = { text, key: newKey() };
    const headers = { 'idempotency-key': last.current.key };
    const started = await client.post(wanted.path, wanted.body, isStarted, headers);
    location.hash =
      'runId' in started ? runHref(started.runId) : migrationHref(started.migrationId);
  });
  return { start: request, ...rest };
}

/** `randomUUID` is there on https alone. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
