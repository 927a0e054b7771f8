/** An object as one side of an audit tells it, and its line in a sorted chunk. */
import type { SourceObject } from '../manifest/sources/object.ts';

/** `key` is that of the target. A field is absent where the side does not tell it. */
export interface AuditedObject
  extends Pick<SourceObject, 'key' | 'url' | 'sizeBytes' | 'etag' | 'md5' | 'crc64' | 'modified'> {
  /** Whether the ETag is the MD5 of the content; lists don't tell. */
  readonly isEtagMd5?: boolean;
  readonly contentEncoding?: string;
}

/** What a chunk keeps of an object, in this order. */
const FIELDS = ['key', 'sizeBytes', 'etag', 'crc64', 'md5', 'modified', 'url'] as const;

/** With its line feed. JSON escapes what would end a line. */
export function toLine(object: AuditedObject): string {
  const cells = FIELDS.map((field) => object[field] ?? 0);
  while (cells.at(-1) === 0) cells.pop();
  return `${JSON.stringify(cells)}\n`;
}

export function parseLine(line: string): AuditedObject {
  const cells: readonly (string | 0)[] = JSON.parse(line);
  const object: Partial<Record<(typeof FIELDS)[number], string>> = {};
  for (const [at, cell] of cells.entries()) {
    const field = FIELDS[at];
    if (field !== undefined && cell !== 0) object[field] = cell;
  }
  return object as AuditedObject;
}
