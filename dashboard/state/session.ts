/**
 * The session: the bearer token, kept in this tab until it closes or signs out, never in an address
 * or a cookie.
 */
import { createStore, useStore } from './store.ts';

const KEY = 'waybill.token';

export interface Session {
  readonly token: string | undefined;
  /** The service refused the token that was kept. */
  readonly refused: boolean;
  /** False once the service said that the token may only read. */
  readonly mayWrite: boolean;
}

/** A browser may forbid storage: then the token lives as long as the page. */
function keep(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // Kept in memory alone.
  }
}

function kept(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

export const session = createStore<Session>({
  token: kept(),
  refused: false,
  mayWrite: true,
});

/** Whether what changes anything is shown. */
export const useMayWrite = (): boolean => useStore(session).mayWrite;

export function noteRole(role: string): void {
  const mayWrite = role !== 'read';
  if (session.get().mayWrite !== mayWrite) session.set({ ...session.get(), mayWrite });
}

export function signIn(token: string): void {
  keep(token);
  session.set({ token, refused: false, mayWrite: true });
}

export function signOut(refused = false): void {
  keep(undefined);
  session.set({ token: undefined, refused, mayWrite: true });
}
