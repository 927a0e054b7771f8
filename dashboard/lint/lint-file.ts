/**
 * The linter of a file: reads it just as a run would, by the functions' own rules, and a second time
 * where keys may clash. Memory does not grow with the file.
 */
import { maskUrls } from '../../shared/lib/url-secrets.ts';
import { readLayout } from '../../shared/manifest/detect-layout.ts';
import type { Quarantined, Warning } from '../../shared/manifest/findings.ts';
import { gunzip } from '../../shared/manifest/gzip.ts';
import { parseFileName } from '../../shared/manifest/key.ts';
import { readWhole } from '../../shared/manifest/read-whole.ts';
import type { Objects } from '../../shared/stores/objects.ts';
import type { LintFindings } from './protocol.ts';

/** Listed of each kind; all are counted. */
const LISTED = 200;
const SAMPLE = 3;

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
  const sample: { line: number; url: string; key: string }[] = [];
  const quarantined: Quarantined[] = [];
  const warnings: Warning[] = [];
  const keep = <Found extends { readonly line: number }>(list: Found[], found: Found) => {
    if (list.length < LISTED) list.push({ ...found, line: found.line + 1 });
  };
  const open = (): AsyncIterable<Uint8Array> => {
    const counted = countReads(source, (readBytes) =>
      tell(Math.min(1, readBytes / Math.max(1, sizeBytes))),
    );
    return layout.gzip ? gunzip(counted, info) : counted.read(name);
  };
  const { tally } = await readWhole(
    { layout, target: { region: '', bucket: '' }, allowHttps },
    open,
    {
      quarantined: (line) => keep(quarantined, line),
      warned: (warning) => keep(warnings, warning),
    },
    (_block, _firstLine, good) => {
      for (const { line, url, key } of good.slice(0, SAMPLE - sample.length)) {
        sample.push({ line: line + 1, url: maskUrls(url), key });
      }
    },
  );
  const all = Object.values(tally.warnings).reduce((sum, found) => sum + found, tally.quarantined);
  return {
    tally,
    quarantined,
    warnings: warnings.sort((a, b) => a.line - b.line),
    hidden: all - quarantined.length - warnings.length,
    sample,
  };
}

/** @param tell how many bytes have come in all */
function countReads(source: LintSource, tell: (readBytes: number) => void) {
  let readBytes = 0;
  return {
    async *read(...given: Parameters<Objects['read']>) {
      for await (const chunk of source.read(...given)) {
        readBytes += chunk.length;
        tell(readBytes);
        yield chunk;
      }
    },
  };
}
