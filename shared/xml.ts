/** fast-xml-parser behind the shapes we read: elements as objects, all text as strings. */
import { XMLParser } from 'fast-xml-parser';

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, trimValues: true });

/** The document as nested objects, undefined when it is not well-formed XML. */
export function parseXml(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const document: unknown = parser.parse(text, true);
    return isRecord(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
