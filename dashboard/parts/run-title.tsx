/** The title of a run. */
import type { Run } from '../api/types.ts';
import { nameOf } from '../model/run-name.ts';
import type { Translate } from '../text/types.ts';

export function runTitle(run: Run, t: Translate): string {
  const { manifest, operation } = nameOf(run);
  return manifest ?? t(`operation.${operation}.one`);
}
