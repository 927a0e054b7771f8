/**
 * Reads and writes XML as nested objects. An element with children is an object, any other is text;
 * repeated elements are a list; attributes are left out.
 */
import { SaxesParser } from 'saxes';
import { isRecord } from './values.ts';

export type XmlNode = Readonly<Record<string, unknown>>;

/** Some stores send blanks until they know the outcome, even before the declaration. */
const BEFORE_DOCUMENT = /^[\ufeff\t\n\r ]+/;

/** An element that is open: text beside children is layout. */
interface Open {
  readonly children: Record<string, unknown>;
  text: string;
  isText: boolean;
}

/**
 * The document as nested objects, undefined when it is not well-formed XML. A reference to nothing that
 * XML knows stays as it came, so that one odd message doesn't make an answer unreadable.
 * @param isStrict refuses such references too. @default false
 */
export function parseXml(text: string, { isStrict = false } = {}): XmlNode | undefined {
  const parser = new SaxesParser({ position: false });
  const opened: Open[] = [open()];
  parser.on('error', (error) => {
    if (isStrict || !/ entity\.$/.test(error.message)) throw error;
  });
  parser.on('opentag', () => void opened.push(open()));
  const addText = (part: string) => {
    const inner = opened.at(-1);
    if (inner) inner.text += part;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', ({ name }) => {
    const [inner, outer] = [opened.pop(), opened.at(-1)];
    if (inner && outer) addChild(outer, name, inner.isText ? inner.text : inner.children);
  });
  try {
    parser.write(text.replace(BEFORE_DOCUMENT, '')).close();
  } catch {
    return undefined;
  }
  const document = opened[0]?.children;
  return isRecord(document) && Object.keys(document).length === 1 ? document : undefined;
}

const open = (): Open => ({ children: Object.create(null), text: '', isText: true });

function addChild(outer: Open, name: string, content: unknown): void {
  const { children } = outer;
  const before = children[name];
  outer.isText = false;
  if (Array.isArray(before)) before.push(content);
  else children[name] = before === undefined ? content : [before, content];
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
const escapeText = (text: string): string =>
  text.replace(/[&<>\r]/g, (char) => ENTITIES.get(char) ?? char);

/** The document in the order of the object's fields, without declaration, indent or end of line. */
export const writeXml = (document: XmlNode): string =>
  Object.entries(document)
    .flatMap(([name, value]) => [value].flat().map((each) => `<${name}>${inside(each)}</${name}>`))
    .join('');

const inside = (value: unknown): string =>
  isRecord(value) ? writeXml(value) : escapeText(String(value));

/** What repeats: none, one or a list of elements as a list. */
export function asList(value: unknown): readonly unknown[] {
  if (value === undefined || (typeof value === 'string' && value.trim() === '')) return [];
  return Array.isArray(value) ? value : [value];
}
