/**
 * Reads and writes XML as nested objects. An element with children is an object, any other is text;
 * repeated elements are a list; attributes are left out.
 */
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import { isRecord } from './values.ts';

export type XmlNode = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  ignoreAttributes: true,
  ignorePiTags: true,
  parseTagValue: false,
  trimValues: false,
  preserveOrder: true,
  // The parser's own decoding knows no numbers, and would reach into CDATA sections.
  processEntities: false,
  cdataPropName: '#cdata',
});

/** Some stores send blanks until they know the outcome, even before the declaration. */
const BEFORE_DOCUMENT = /^[\ufeff\t\n\r ]+/;

/** The document as nested objects, undefined when it is not well-formed XML. */
export function parseXml(text: string): XmlNode | undefined {
  try {
    const entries: Entry[] = parser.parse(text.replace(BEFORE_DOCUMENT, ''), true);
    const document = contentOf(entries);
    return isRecord(document) && Object.keys(document).length === 1 ? document : undefined;
  } catch {
    return undefined;
  }
}

/** What the parser makes of an element, a text or a CDATA section: one name. */
type Entry = Readonly<Record<string, unknown>>;

/** Text beside children is layout. Character data is handed on as it is: XML 1.0, section 2.10. */
function contentOf(entries: readonly Entry[]): XmlNode | string {
  const children: Record<string, unknown> = Object.create(null);
  let text = '';
  let isText = true;
  for (const entry of entries) {
    for (const [name, value] of Object.entries(entry)) {
      if (name === '#text') text += decode(String(value));
      else if (name === '#cdata') text += (value as Entry[]).map((part) => part['#text']).join('');
      else {
        const content = contentOf(value as Entry[]);
        const before = children[name];
        if (Array.isArray(before)) before.push(content);
        else children[name] = before === undefined ? content : [before, content];
        isText = false;
      }
    }
  }
  return isText ? text : children;
}

const NAMED = new Map([
  ['amp', '&'],
  ['apos', "'"],
  ['gt', '>'],
  ['lt', '<'],
  ['quot', '"'],
]);

/**
 * Replaces references, each once: XML 1.0, section 4.1. A reference to nothing that XML knows stays as
 * it came, so that one odd message doesn't make an answer unreadable.
 */
function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED.get(name) ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    const isCharacter = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return isCharacter ? String.fromCodePoint(point) : whole;
  });
}

/** A child that is a word and no text, such as a number, a state or an ETag; empty when missing. */
export function word(node: XmlNode, name: string): string {
  const value = node[name];
  return typeof value === 'string' ? value.trim() : '';
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  // A carriage return as it is would be lost in reading.
  ['\r', '&#13;'],
]);

/** Quotes stay as they are: in text they need no escape, and samples show them so. */
const builder = new XMLBuilder({
  processEntities: false,
  tagValueProcessor: (_name, value) =>
    String(value).replace(/[&<>\r]/g, (char) => ENTITIES.get(char) ?? char),
});

/** The document in the order of the object's fields, without declaration, indent or end of line. */
export const writeXml = (document: XmlNode): string => builder.build(document);

/** What repeats: none, one or a list of elements as a list. */
export function asList(value: unknown): readonly unknown[] {
  if (value === undefined || (typeof value === 'string' && value.trim() === '')) return [];
  return Array.isArray(value) ? value : [value];
}
