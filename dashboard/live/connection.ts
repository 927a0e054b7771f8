/** The state of the connection to the service, which the header shows. */
import type { FailureKind } from '../api/failure.ts';
import { createStore } from '../state/store.ts';

export interface Connection {
  /** When an answer came last, in ms since 1970. */
  readonly answeredAt: number | undefined;
  readonly failure: FailureKind | undefined;
}

export const connection = createStore<Connection>({ answeredAt: undefined, failure: undefined });
