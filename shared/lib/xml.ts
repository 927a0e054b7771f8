/** fast-xml-parser behind the shapes we read and write: elements as objects, all text as strings. */
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import { isRecord } from './values.ts';

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

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  // A carriage return as it is would be lost in reading.
  '\r': '&#13;',
};

/** Quotes stay as they are: in text they need no escape, and samples show them so. */
const builder = new XMLBuilder({
  processEntities: false,
  tagValueProcessor: (_name, value) =>
    String(value).replace(/[&<>\r]/g, (char) => ENTITIES[char] ?? char),
});

/** The document in the order of the object's fields, without declaration, indent or end of line. */
export const writeXml = (document: Readonly<Record<string, unknown>>): string =>
  builder.build(document);

/** What repeats: none, one or a list of elements as a list. */
export const asList = (value: unknown): readonly unknown[] =>
  value === undefined || value === '' ? [] : Array.isArray(value) ? value : [value];
