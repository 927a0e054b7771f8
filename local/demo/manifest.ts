/** The demo's manifest: the sample in `events/`, with the address of the source site filled in. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Stands in the sample for the address of the source. */
export const SAMPLE_ORIGIN = 'http://source.example';

const samplePath = fileURLToPath(new URL('../../events/manifest.csv', import.meta.url));

export const demoManifest = (origin: string): string =>
  readFileSync(samplePath, 'utf8').replaceAll(SAMPLE_ORIGIN, origin);

/** What the sample must come to: 300 files and a slow one arrive; two fail, two lines can't be sent. */
export const EXPECTED = { lines: 305, succeeded: 301, failed: 2, quarantined: 2 } as const;
