/** How many lines of a run nobody has read, in words; empty when there are none. */
import type { Run } from '../api/types.ts';
import { usePage } from '../state/context.ts';

export function useUnread({ counts, progress }: Pick<Run, 'counts' | 'progress'>): string {
  const { t, format } = usePage();
  if (counts.unread === null) return t('run.unread.unknown');
  if (counts.unread === 0) return '';
  const n = format.count(counts.unread);
  return progress.isEstimate ? t('run.unread.about', { n }) : n;
}
