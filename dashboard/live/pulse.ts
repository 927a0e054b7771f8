/** Whether the page hears from the service: what the line in the header shows. */
import type { FailureKind } from '../api/failure.ts';
import { createStore } from '../state/store.ts';

export interface Pulse {
  /** When an answer came last, in ms since 1970. */
  readonly answeredAt: number | undefined;
  readonly failure: FailureKind | undefined;
}

export const pulse = createStore<Pulse>({ answeredAt: undefined, failure: undefined });
