/** Checks the nodes of a Batch request: structure, lengths, words and numbers. */
import type { XmlNode } from '../../xml.ts';

/** Becomes an error answer of COS. */
export class BatchRefusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const invalidArgument = (message: string): BatchRefusal =>
  new BatchRefusal(400, 'InvalidArgument', message);
export const invalidRequest = (message: string): BatchRefusal =>
  new BatchRefusal(400, 'InvalidRequest', message);
/** @param field `Manifest`, `Operation`, `Report`, or empty for the body as a whole */
export const malformed = (field: string, why: string): BatchRefusal =>
  new BatchRefusal(
    400,
    'MalformedXML',
    `The XML ${field === '' ? '' : `${field} field `}in the request body does not conform to XML syntax: ${why}`,
  );

export type Nodes = ReadonlyMap<string, XmlNode>;

/**
 * The children by name.
 * @param known their names, the required ones with `!`
 * @throws BatchRefusal (MalformedXML) at an unknown, repeated or missing one
 */
export function childrenOf(field: string, node: XmlNode, known: string): Nodes {
  const slots = known.split(' ');
  const names = slots.map((slot) => slot.replace('!', ''));
  if (node.text.trim() !== '') throw malformed(field, `${node.name} holds text`);
  const found = new Map<string, XmlNode>();
  for (const child of node.children) {
    if (!names.includes(child.name)) {
      throw malformed(field, `${child.name} is no node of ${node.name}`);
    }
    if (found.has(child.name)) throw malformed(field, `${child.name} is there twice`);
    found.set(child.name, child);
  }
  for (const slot of slots) {
    const name = slot.slice(0, -1);
    if (slot.endsWith('!') && !found.has(name)) throw malformed(field, `${name} is missing`);
  }
  return found;
}

/**
 * The children of a list.
 * @throws BatchRefusal (MalformedXML) when there is none, or one of another name
 */
export function listOf(field: string, node: XmlNode | undefined, name: string): readonly XmlNode[] {
  if (!node) return [];
  // Tags may be replaced by none.
  if (node.children.length === 0 && /^(?:TagSet|NewObjectTagging)$/.test(node.name)) return [];
  if (node.children.length === 0) throw malformed(field, `${node.name} is empty`);
  const other = node.children.find((child) => child.name !== name);
  if (other) throw malformed(field, `${other.name} is no node of ${node.name}`);
  return node.children;
}

/** Text of so many bytes; empty when there is no such node. */
export function textOf(nodes: Nodes, name: string, least: number, most: number): string {
  const text = plainText(nodes.get(name));
  const bytes = Buffer.byteLength(text);
  if (bytes < least || bytes > most) {
    throw invalidArgument(`${name} must have ${least} to ${most} bytes.`);
  }
  return text;
}

/** Undefined when there is no such node. */
export function wordOf<Word extends string>(
  nodes: Nodes,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const node = nodes.get(name);
  if (!node) return undefined;
  const word = words.find((known) => known === plainText(node));
  if (word === undefined) throw invalidArgument(`${name} must be one of ${words.join(', ')}.`);
  return word;
}

/** Undefined when there is no such node. */
export function booleanOf(nodes: Nodes, name: string): boolean | undefined {
  const word = wordOf(nodes, name, ['true', 'false']);
  return word === undefined ? undefined : word === 'true';
}

export function plainText(node: XmlNode | undefined): string {
  if (node && node.children.length > 0) throw invalidArgument(`${node.name} must be text.`);
  return node?.text ?? '';
}
