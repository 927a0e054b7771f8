/**
 * The linter of a file: reads it just as a run would, by the functions' own rules, and a second time
 * where keys may clash. Memory does not grow with the file.
 */
import type { Tally, WarningReason } from '../../shared/ledger/tally.ts';
import { maskUrls } from '../../shared/lib/url-secrets.ts';
import { createClashFinder } from '../../shared/manifest/clashes.ts';
import { readLayout } from '../../shared/manifest/detect-layout.ts';
import type { Quarantined, Warning } from '../../shared/manifest/findings.ts';
import { gunzip } from '../../shared/manifest/gzip.ts';
import { parseFileName } from '../../shared/manifest/key.ts';
import { cutLines } from '../../shared/manifest/lines.ts';
import { createLineReader, type ReaderSink } from '../../shared/manifest/read-lines.ts';
import type { KeyWatch } from '../../shared/manifest/similar-keys.ts';
import type { Objects } from '../../shared/stores/objects.ts';
import type { LintFindings } from './protocol.ts';

/** Listed of each kind; all are counted. */
const LISTED = 200;
const SAMPLE = 3;
const CLASHES: readonly WarningReason[] = ['KEY_REPEATED', 'KEY_LOOKALIKE'];

export interface LintSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly read: Objects['read'];
}

/**
 * @param tell how much of the file was read in this pass, 0 to 1
 * @throws InputError (MANIFEST_INVALID) when the whole file is none
 */
export async function lintFile(
  source: LintSource,
  allowHttps: boolean,
  tell: (fraction: number) => void,
): Promise<LintFindings> {
  const { name, sizeBytes } = source;
  const info = { key: name, etag: '', sizeBytes };
  const layout = await readLayout(source, info, parseFileName(name));
  const target = { region: '', bucket: '' };
  const sample: { line: number; url: string; key: string }[] = [];

  const read = async (watchKey: KeyWatch, sink: ReaderSink): Promise<Tally> => {
    const reader = createLineReader({ layout, target, idPrefix: '', allowHttps, watchKey }, sink);
    let readBytes = 0;
    const counted = {
      read: (...given: Parameters<Objects['read']>) =>
        count(source.read(...given), (bytes) => {
          readBytes += bytes;
          tell(Math.min(1, readBytes / Math.max(1, sizeBytes)));
        }),
    };
    const bytes = layout.gzip ? gunzip(counted, info) : counted.read(name);
    for await (const piece of cutLines(bytes, WHOLE)) {
      if (piece.kind === 'long') reader.skip(piece);
      else {
        for (const { line, url, key } of reader.read(piece)) {
          if (sample.length === SAMPLE) break;
          sample.push({ line: line + 1, url: maskUrls(url), key });
        }
      }
    }
    return reader.tally();
  };

  const quarantined: Quarantined[] = [];
  const warnings: Warning[] = [];
  const keep = <Found extends { readonly line: number }>(list: Found[], found: Found) => {
    if (list.length < LISTED) list.push({ ...found, line: found.line + 1 });
  };
  const clashes = createClashFinder();
  const tally = await read(clashes.collect, {
    quarantined: (line) => keep(quarantined, line),
    warned: (warning) => keep(warnings, warning),
  });
  const counts: Partial<Record<WarningReason, number>> = { ...tally.warnings };
  if (clashes.hasCandidates) {
    const confirmed = await read(clashes.confirm, {
      quarantined: () => {},
      warned: (warning) => {
        if (CLASHES.includes(warning.reason)) keep(warnings, warning);
      },
    });
    for (const reason of CLASHES) {
      const found = confirmed.warnings[reason];
      if (found !== undefined) counts[reason] = found;
    }
  }
  const all = Object.values(counts).reduce((sum, found) => sum + found, tally.quarantined);
  return {
    tally: { ...tally, warnings: counts },
    quarantined,
    warnings: warnings.sort((a, b) => a.line - b.line),
    hidden: all - quarantined.length - warnings.length,
    sample,
  };
}

export const WHOLE = { offset: 0, start: 0, end: Number.POSITIVE_INFINITY };

async function* count(chunks: AsyncIterable<Uint8Array>, tell: (bytes: number) => void) {
  for await (const chunk of chunks) {
    tell(chunk.length);
    yield chunk;
  }
}
