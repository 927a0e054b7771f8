/** The search for transfers by a part of their key, page by page: the API has no index for it. */
import type { Transfer, TransferPage } from '../api/types.ts';

export interface SearchProgress {
  readonly found: readonly Transfer[];
  readonly looked: number;
  readonly state: 'looking' | 'done' | 'full';
}

interface SearchOptions {
  readonly text: string;
  /** The page after a cursor. */
  readonly read: (cursor: string | undefined) => Promise<TransferPage>;
  readonly tell: (progress: SearchProgress) => void;
  readonly signal: AbortSignal;
  /** @default 200 */
  readonly max?: number;
}

/** Upper and lower case count alike. */
export function matches(transfer: Transfer, text: string): boolean {
  const wanted = text.toLowerCase();
  const { cause, key, providerId, task, transferId, url } = transfer;
  const names = [key, url, providerId, transferId, cause?.code, cause?.requestId, taskName(task)];
  return names.some((name) => name?.toLowerCase().includes(wanted));
}

const taskName = (task: Transfer['task']): string | undefined =>
  task?.kind === 'oms'
    ? [task.taskId, task.groupId, task.name].filter(Boolean).join(' ')
    : undefined;

/** Ends when all was looked through, enough was found, or `signal` says so. Throws what `read` throws. */
export async function search(options: SearchOptions): Promise<void> {
  const { max = 200, read, signal, tell, text } = options;
  let found: readonly Transfer[] = [];
  let looked = 0;
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    if (signal.aborted) return;
    looked += page.transfers.length;
    found = [...found, ...page.transfers.filter((transfer) => matches(transfer, text))];
    cursor = page.nextCursor ?? undefined;
    const isFull = found.length >= max;
    const state = isFull ? 'full' : cursor === undefined ? 'done' : 'looking';
    tell({ found: found.slice(0, max), looked, state });
    if (isFull) return;
  } while (cursor !== undefined);
}
