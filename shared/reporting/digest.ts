/** The digest of a report, taken while it is written: `summary.json` has one of every file. */
import { createHash } from 'node:crypto';

/** A file beside the summary. */
export interface ReportFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** Passes `text` on as bytes; `file` tells about them once all were read. */
export function digested(name: string, text: AsyncIterable<string | Uint8Array>) {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  async function* content(): AsyncGenerator<Uint8Array> {
    for await (const piece of text) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      hash.update(bytes);
      sizeBytes += bytes.length;
      yield bytes;
    }
  }
  return {
    content: content(),
    file: (): ReportFile => ({ name, sizeBytes, sha256: hash.digest('hex') }),
  };
}
