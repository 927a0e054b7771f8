/**
 * Finds the parts of a receipt that an earlier call wrote, from their first and last lines alone.
 */
import * as v from 'valibot';
import type { Objects } from '../../stores/objects.ts';
import { checkSeal, type Header } from './format.ts';
import { footerShape, headerShape } from './schema.ts';

/** What whoever writes the next part, and the root of the run, must know of a part. */
export interface WrittenPart {
  readonly root: string;
  readonly transfers: number;
  /** Of its last line. */
  readonly hash: string;
}

export interface KeptPart extends WrittenPart {
  readonly header: Pick<Header, 'runId' | 'closing' | 'part' | 'parts' | 'shards' | 'previous'>;
}

/** Longer than any first line: two keys of an object and a few names. */
const HEADER_BYTES = 65_536;

const FOOTER_BYTES = 2_048;

/** The part under this key; undefined when there is none, or none that is whole. */
export async function readKept(
  objects: Pick<Objects, 'head' | 'read'>,
  key: string,
): Promise<KeptPart | undefined> {
  const info = await objects.head(key);
  if (!info) return undefined;
  const { etag: ifMatch, sizeBytes } = info;
  const start = Math.max(0, sizeBytes - FOOTER_BYTES);
  const [first, last] = await Promise.all([
    textOf(objects.read(key, { start: 0, end: HEADER_BYTES, ifMatch })),
    textOf(objects.read(key, { start, ifMatch })),
  ]);
  const headerText = first.slice(0, Math.max(0, first.indexOf('\n')));
  // Of a line that is cut off the seal is broken.
  const footerText = last.slice(last.lastIndexOf('\n', last.length - 2) + 1, -1);
  const header = v.safeParse(headerShape, parse(headerText));
  const footer = v.safeParse(footerShape, parse(footerText));
  if (!header.success || !footer.success) return undefined;
  const { root, transfers, head } = footer.output;
  const hash = checkSeal(head, footerText);
  if (hash === undefined || checkSeal(header.output.previous, headerText) === undefined) {
    return undefined;
  }
  return { header: header.output, root, transfers, hash };
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
