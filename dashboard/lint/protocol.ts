/** The messages between the page and its lint worker. */
import type { Tally } from '../../shared/ledger/tally.ts';
import type { Quarantined, Warning } from '../../shared/manifest/findings.ts';

export interface LintOrder {
  readonly file: File;
  readonly allowHttps: boolean;
  /** The file with the suggested fixes is wanted, not the findings. */
  readonly isFix?: boolean;
}

export interface LintFindings {
  readonly tally: Tally;
  /** The first of them, `line` from 1; `text` as it stands in the file. */
  readonly quarantined: readonly Quarantined[];
  readonly warnings: readonly Warning[];
  /** Findings beyond those listed. */
  readonly hidden: number;
  /** The first good lines, so that a person sees what would be sent. */
  readonly sample: readonly { readonly line: number; readonly url: string; readonly key: string }[];
}

export type LintNews =
  | { readonly kind: 'progress'; readonly fraction: number }
  | { readonly kind: 'done'; readonly findings: LintFindings }
  | { readonly kind: 'fixed'; readonly content: Blob; readonly fixed: number }
  /** The whole file can't be read as a manifest; `message` is the linter's own. */
  | { readonly kind: 'failed'; readonly message: string; readonly isPacked: boolean };
