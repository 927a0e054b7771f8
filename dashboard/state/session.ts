/**
 * The session: the bearer token, kept in this tab until it closes or signs out, never in an address
 * or a cookie.
 */
import { createStore } from './store.ts';

const KEY = 'waybill.token';

export interface Session {
  readonly token: string | undefined;
  /** The service refused the token that was kept. */
  readonly refused: boolean;
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

export const session = createStore<Session>({ token: kept(), refused: false });

export function signIn(token: string): void {
  keep(token);
  session.set({ token, refused: false });
}

export function signOut(refused = false): void {
  keep(undefined);
  session.set({ token: undefined, refused });
}
