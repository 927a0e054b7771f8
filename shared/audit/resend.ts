/** The manifest of what an audit found missing or different, to be sent again over what is there. */
import { splitCsvLine, toCsvField } from '../lib/csv.ts';
import { textLines } from '../lib/text-lines.ts';
import { reportKey } from '../stores/layout.ts';
import type { Objects } from '../stores/objects.ts';
import { HEADERS } from './report-rows.ts';
import type { AuditState } from './state.ts';

/** Objects of the manifest at most: some would come out the same again, and are left out. */
export const countFound = ({ missing, different }: AuditState['verdicts']): number =>
  missing + different;

/**
 * @param wrote hears of each object
 * @throws InputError (NOT_FOUND) where the audit wrote no reports; StoreError
 */
export async function* foundManifest(
  objects: Pick<Objects, 'read'>,
  auditRunId: string,
  wrote: () => void,
): AsyncGenerator<string> {
  yield `${HEADERS.missing}\n`;
  for (const name of ['missing', 'different'] as const) {
    const sameAgain = HEADERS[name].split(',').indexOf('sameAgain');
    const columns = HEADERS.missing.split(',').length;
    let isHeader = true;
    for await (const line of textLines(objects.read(reportKey(auditRunId, `${name}.csv`)))) {
      const cells = isHeader ? [] : splitCsvLine(line);
      isHeader = false;
      if ('reason' in cells || cells.length < columns || cells[sameAgain] === 'yes') continue;
      wrote();
      yield `${cells.slice(0, columns).map(toCsvField).join(',')}\n`;
    }
  }
}
