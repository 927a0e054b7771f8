/** XML as a tree that keeps the order of its elements, for bodies that are judged node by node. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** An element: with children, or with text. */
export interface XmlNode {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlNode[];
}

export const leaf = (name: string, value: string | number | boolean): XmlNode => ({
  name,
  text: String(value),
  children: [],
});

export const tree = (name: string, children: readonly XmlNode[]): XmlNode => ({
  name,
  text: '',
  children,
});

/** On one line, without a declaration, as the service's samples are. */
export function writeXml({ name, text, children }: XmlNode): string {
  const content = children.length > 0 ? children.map(writeXml).join('') : escapeXml(text);
  return content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`;
}

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  parseTagValue: false,
  trimValues: false,
  // Entities are ours to decode: the parser lets unknown ones pass.
  processEntities: false,
  cdataPropName: '#cdata',
});

/**
 * The root of a document in UTF-8; undefined when it is not well-formed, or has attributes, a DOCTYPE
 * or text between elements.
 */
export function readXml(body: Buffer): XmlNode | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) return undefined;
    const entries = (parser.parse(text) as Entry[]).filter((entry) => !('?xml' in entry));
    const { text: around, children } = contentOf(entries);
    const [root, ...others] = children;
    return others.length === 0 && around.trim() === '' ? root : undefined;
  } catch {
    return undefined;
  }
}

/** What the parser makes of an element, a text, or a CDATA section: one name, and `:@` for attributes. */
type Entry = Readonly<Record<string, unknown>>;

/** @throws Error at the first thing that has no place in such a body */
function contentOf(entries: readonly Entry[]): Pick<XmlNode, 'text' | 'children'> {
  const children: XmlNode[] = [];
  let text = '';
  for (const entry of entries) {
    if (':@' in entry) throw new Error('attributes');
    for (const [name, value] of Object.entries(entry)) {
      if (name === '#text') text += decodeEntities(String(value));
      else if (name === '#cdata') text += (value as Entry[]).map((part) => part['#text']).join('');
      else if (name.startsWith('?')) throw new Error('processing instruction');
      else children.push({ name, ...contentOf(value as Entry[]) });
    }
  }
  if (ILLEGAL.test(text)) throw new Error('illegal character');
  if (children.length > 0 && text.trim() !== '') throw new Error('text between elements');
  return { text: children.length > 0 ? '' : text, children };
}

/** https://www.w3.org/TR/xml/#charsets */
const ILLEGAL = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;
const NAMED = new Map([
  ['amp', '&'],
  ['apos', "'"],
  ['gt', '>'],
  ['lt', '<'],
  ['quot', '"'],
]);

/** @throws Error on an entity that XML does not know */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+);|#(\d+);|(\w+);)?/g, (_whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    const known = NAMED.get(name);
    if (known === undefined) throw new Error('entity');
    return known;
  });
}
