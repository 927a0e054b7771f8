/** Held by whoever closes a run, or goes on with one that has ended. */
export const runLease = (runId: string): string => `run ${runId}`;
