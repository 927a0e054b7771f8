/**
 * Builds Merkle trees as RFC 6962 (2.1) defines them, and audit paths in them (RFC 9162, 2.1.3.2).
 */
import { hash } from 'node:crypto';

const HASH_BYTES = 32;

const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** Hash of one leaf. @param line without its end */
export const leafHash = (line: string): Buffer => hash('sha256', `\0${line}`, 'buffer');

function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(node, 1);
  right.copy(node, 1 + HASH_BYTES);
  return hash('sha256', node, 'buffer');
}

/** Siblings from the leaf up, in hex. */
export type AuditPath = readonly string[];

type GrowingPath = string[];

interface Subtree {
  readonly leaves: number;
  readonly hash: Buffer;
  /** Of leaves in it that are followed. */
  readonly paths: readonly GrowingPath[];
}

export interface MerkleTree {
  /** @param path gets the siblings of this leaf; it is whole once the root was taken */
  add(leaf: Buffer, path?: GrowingPath): void;
  /** Of all leaves, in hex. Nothing may be added after it. */
  root(): string;
}

/** Holds the roots of full subtrees only: one per bit of the number of leaves. */
export function createMerkleTree(): MerkleTree {
  const stack: Subtree[] = [];
  return {
    add(leaf, path) {
      let tree: Subtree = { leaves: 1, hash: leaf, paths: path ? [path] : NO_PATHS };
      for (let left = stack.at(-1); left?.leaves === tree.leaves; left = stack.at(-1)) {
        stack.pop();
        tree = join(left, tree);
      }
      stack.push(tree);
    },
    root() {
      const whole = stack
        .splice(0)
        .reduceRight<Subtree | undefined>(
          (right, left) => (right ? join(left, right) : left),
          undefined,
        );
      return whole ? whole.hash.toString('hex') : hash('sha256', '');
    },
  };
}

const NO_PATHS: readonly GrowingPath[] = [];

function join(left: Subtree, right: Subtree): Subtree {
  for (const path of left.paths) path.push(right.hash.toString('hex'));
  for (const path of right.paths) path.push(left.hash.toString('hex'));
  const isFollowed = left.paths.length + right.paths.length > 0;
  return {
    leaves: left.leaves + right.leaves,
    hash: nodeHash(left.hash, right.hash),
    paths: isFollowed ? [...left.paths, ...right.paths] : NO_PATHS,
  };
}

/**
 * The root of a run: the same tree over the roots of its parts, which stand where leaf hashes do.
 * @param paths get the siblings of each part
 */
export function rootOfParts(roots: readonly string[], paths: readonly GrowingPath[] = []): string {
  const tree = createMerkleTree();
  for (const [at, root] of roots.entries()) tree.add(Buffer.from(root, 'hex'), paths[at]);
  return tree.root();
}

/** Whether a line is the one at `index` (from 0) of a tree of `size` leaves with this root. */
export const verifyInclusion = (
  line: string,
  index: number,
  size: number,
  path: AuditPath,
  root: string,
): boolean => verifyPath(leafHash(line), index, size, path, root);

/** The same for what is a hash already: the root of a part in the tree of a run. */
export function verifyPath(
  leaf: Buffer,
  index: number,
  size: number,
  path: AuditPath,
  root: string,
): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false;
  let [at, last, found] = [index, size - 1, leaf];
  for (const sibling of path) {
    const other = Buffer.from(sibling, 'hex');
    if (last === 0 || other.length !== HASH_BYTES) return false;
    if (at % 2 === 1 || at === last) {
      found = nodeHash(other, found);
      // An odd one was handed up as it was.
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      found = nodeHash(found, other);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && found.toString('hex') === root.toLowerCase();
}

const half = (value: number): number => Math.floor(value / 2);
