/**
 * Wraps a limiter so that it records how the provider API answers. Requests never wait for the
 * record.
 */
import type { Ledger } from '../ledger/ledger.ts';
import { ProviderError } from '../lib/errors.ts';
import { type ApiStatus, parseStatus, STATUS_NOTE, type Trouble } from './api-status.ts';
import type { Limiter } from './ports.ts';

export interface WatchOptions {
  /** Of the provider: what `limiter` is for. */
  readonly api: string;
  readonly ledger: Pick<Ledger, 'readNote' | 'swapNote'>;
  readonly now?: () => Date;
}

type State = ApiStatus['state'];

/** Between two writes, unless the state is another one. */
const THROTTLED_MS = 60_000;

const OK_MS = 5_000;

const TRIES = 3;

/** The limiter, with an eye on its answers; a note that can't be written is left out. */
export function watchStatus(limiter: Limiter, options: WatchOptions): Limiter {
  const { api, ledger, now = () => new Date() } = options;
  let notedOkAt = Number.NEGATIVE_INFINITY;
  let lastNote: { readonly state: State; readonly at: number } | undefined;

  const note = async (state: State, error?: ProviderError): Promise<void> => {
    const at = now();
    lastNote = { state, at: at.getTime() };
    for (let tries = 0; tries < TRIES; tries += 1) {
      const known = await ledger.readNote(STATUS_NOTE);
      const all = parseStatus(known?.text);
      const before = all.find((each) => each.api === api);
      const notedAt = before?.state === 'ok' ? Date.parse(before.okAt ?? '') : Number.NaN;
      // Another worker has just noted the same.
      if (state === 'ok' && at.getTime() - notedAt < OK_MS) {
        lastNote = { state, at: notedAt };
        return;
      }
      const next = after(before, { api, at, state, ...(error && { error }) });
      const text = JSON.stringify(
        [...all.filter((each) => each.api !== api), next].sort((a, b) => (a.api < b.api ? -1 : 1)),
      );
      if (await ledger.swapNote(STATUS_NOTE, text, known?.version)) return;
    }
  };

  /** When a request was taken, the state left as it is. */
  const noteOk = async (): Promise<void> => {
    const at = now();
    notedOkAt = at.getTime();
    for (let tries = 0; tries < TRIES; tries += 1) {
      const known = await ledger.readNote(STATUS_NOTE);
      const all = parseStatus(known?.text);
      const otherAt = Date.parse(all.find((each) => each.api === api)?.okAt ?? '');
      if (at.getTime() - otherAt < OK_MS) {
        notedOkAt = otherAt;
        return;
      }
      const next = all.map((each) =>
        each.api === api ? { ...each, okAt: at.toISOString() } : each,
      );
      if (await ledger.swapNote(STATUS_NOTE, JSON.stringify(next), known?.version)) return;
    }
  };

  const noteIfDue = async (state: State, error?: ProviderError): Promise<void> => {
    const since = lastNote ? now().getTime() - lastNote.at : Number.POSITIVE_INFINITY;
    const restMs = state === 'throttled' ? THROTTLED_MS : OK_MS;
    // Between throttled answers others are taken: that is no recovery yet.
    const isCalm = state === 'ok' && lastNote?.state === 'throttled' && since < THROTTLED_MS;
    if (isCalm) {
      if (now().getTime() - notedOkAt >= OK_MS) await noteOk().catch(() => {});
      return;
    }
    if (lastNote?.state === state && since < restMs) return;
    await note(state, error).catch(() => {});
  };

  const stateOf = (error: unknown): State | undefined => {
    if (!(error instanceof ProviderError)) return undefined;
    if (error.class === 'throttled') return 'throttled';
    return error.class === 'credentials' ? 'refused' : 'ok';
  };

  return {
    ...limiter,
    run: (request, signal, group) =>
      limiter.run(
        async () => {
          try {
            const answer = await request();
            await noteIfDue('ok');
            return answer;
          } catch (error) {
            const state = stateOf(error);
            if (state) await noteIfDue(state, error as ProviderError);
            throw error;
          }
        },
        signal,
        group,
      ),
  };
}

interface Heard {
  readonly api: string;
  readonly at: Date;
  readonly state: State;
  readonly error?: ProviderError;
}

function after(before: ApiStatus | undefined, noteIfDue: Heard): ApiStatus {
  const { api, error, state } = noteIfDue;
  const at = noteIfDue.at.toISOString();
  const provider =
    error?.provider ?? before?.provider ?? (api.startsWith('oms') ? 'huawei' : 'tencent');
  const trouble: Trouble | undefined = error && {
    at,
    code: error.providerCode,
    message: error.message.slice(0, 256),
    ...(error.requestId !== undefined && { requestId: error.requestId }),
  };
  const { okAt, refused, throttled } = before ?? {};
  return {
    api,
    provider,
    state,
    since: before?.state === state ? before.since : at,
    ...(state === 'ok' ? { okAt: at } : okAt !== undefined && { okAt }),
    ...(state === 'throttled' && trouble ? { throttled: trouble } : throttled && { throttled }),
    ...(state === 'refused' && trouble ? { refused: trouble } : refused && { refused }),
  };
}
