/**
 * Findings in a local manifest, plain or gzip and of any size, by the rules of a run.
 * A second read confirms keys that clash across the whole file.
 */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Layout, Target } from '../../shared/ledger/manifest-lines.ts';
import type { Tally } from '../../shared/ledger/tally.ts';
import { InputError } from '../../shared/lib/errors.ts';
import { readLayout } from '../../shared/manifest/detect-layout.ts';
import type { Quarantined, Warning } from '../../shared/manifest/findings.ts';
import { gunzip } from '../../shared/manifest/gzip.ts';
import { parseFileName, parseManifestKey } from '../../shared/manifest/key.ts';
import { type BlockLook, readWhole } from '../../shared/manifest/read-whole.ts';
import { CommandFailure, EXIT } from '../io/failure.ts';
import { fileFailure, localFiles } from '../io/files.ts';

export interface Findings {
  readonly path: string;
  readonly key?: string;
  readonly target?: Target;
  readonly layout: Layout;
  readonly tally: Tally;
  /** The first `maxFindings` of them, `line` from 1. */
  readonly quarantined: readonly Quarantined[];
  /** The first of them up to `maxFindings` in all, `line` from 1. */
  readonly warnings: readonly Warning[];
  /** More keys may clash than could be compared. */
  readonly clashesCapped: boolean;
}

export interface ReadOptions {
  /** Of the local file. */
  readonly path: string;
  /** What findings call it. @default the path */
  readonly shown?: string;
  /** The manifest key under which it would be uploaded; checked too. @default the file's name counts */
  readonly key?: string;
  /** @default false */
  readonly allowHttps?: boolean;
  /** Findings kept, quarantined lines first; all are counted. @default 100 */
  readonly maxFindings?: number;
  /** Sees the layout first, then each block with the good lines in it; `firstLine` from 0. */
  readonly look?: (layout: Layout) => BlockLook;
  /** Every quarantined line, also those beyond `maxFindings`. */
  readonly quarantined?: (line: Quarantined) => void;
}

/**
 * Reads the file once, and again where keys may clash. Memory does not grow with the file.
 * @throws InputError (MANIFEST_INVALID) when it can't be read as a manifest, or an error of the file system
 */
export async function readFindings(options: ReadOptions): Promise<Findings> {
  const { path, key, allowHttps = false, maxFindings = 100 } = options;
  const place = key === undefined ? undefined : parseManifestKey(key);
  const shape = place?.layout ?? parseFileName(basename(path));
  const info = { key: path, etag: '', sizeBytes: await sizeOf(path) };
  const layout = await readLayout(localFiles, info, shape);
  const target = place?.target ?? { region: '', bucket: '' };

  const quarantined: Quarantined[] = [];
  const warnings: Warning[] = [];
  const { tally, clashesCapped } = await readWhole(
    { layout, target, allowHttps },
    () => (layout.gzip ? gunzip(localFiles, info) : localFiles.read(path)),
    {
      quarantined: (line) => {
        options.quarantined?.(line);
        if (quarantined.length < maxFindings) quarantined.push({ ...line, line: line.line + 1 });
      },
      warned: (warning) => {
        if (warnings.length < maxFindings) warnings.push({ ...warning, line: warning.line + 1 });
      },
    },
    options.look?.(layout),
  );
  return {
    path: options.shown ?? path,
    ...(place && key !== undefined && { key, target: place.target }),
    layout,
    tally,
    quarantined,
    warnings: warnings
      .slice(0, Math.max(0, maxFindings - quarantined.length))
      .sort((a, b) => a.line - b.line),
    clashesCapped,
  };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  if (found.isFile()) return found.size;
  throw new InputError('MANIFEST_INVALID', `${path} is not a file.`, [
    { path, message: 'expected a file' },
  ]);
}

/** @throws any error that is neither the manifest's nor the file system's */
export function explainFault(error: unknown, path: string): CommandFailure {
  const failure = fileFailure(path, error);
  if (failure) return failure;
  if (!(error instanceof InputError)) throw error;
  const faults = error.errors.map((fault) =>
    fault.path.startsWith('line ') ? `${fault.path}: ${fault.message}` : fault.message,
  );
  const what = `${path}: ${faults.join('; ') || error.message}`;
  return new CommandFailure(what, 'Correct the file, then try again', EXIT.usage, error);
}
