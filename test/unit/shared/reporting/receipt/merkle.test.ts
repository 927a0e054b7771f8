import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createMerkleTree,
  leafHash,
  rootOfParts,
  verifyInclusion,
  verifyPath,
} from '../../../../../shared/reporting/receipt/merkle.ts';

/** As RFC 6962, 2.1 words it: split at the greatest power of two that is smaller. */
function rootBySplitting(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (!only) return hash('sha256', '', 'buffer');
  if (leaves.length === 1) return only;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)].map(rootBySplitting);
  return hash('sha256', Buffer.concat([Buffer.of(1), left, right] as Buffer[]), 'buffer');
}

const lines = (size: number): readonly string[] =>
  Array.from({ length: size }, (_, at) => `line ${at}`);

function treeOf(texts: readonly string[]) {
  const tree = createMerkleTree();
  const paths = texts.map((text) => {
    const path: string[] = [];
    tree.add(leafHash(text), path);
    return path;
  });
  return { root: tree.root(), paths };
}

// The leaves and roots that implementations of Certificate Transparency compare themselves with.
it.each([
  [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
])('the root of %i known leaves', (size, root) => {
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
  const all = [...leaves, '606162636465666768696a6b6c6d6e6f'];
  const texts = all.slice(0, size).map((hex) => Buffer.from(hex, 'hex').toString('latin1'));
  expect(treeOf(texts).root).toBe(root);
});

it('the root is that of the RFC for every size', () => {
  for (let size = 0; size <= 130; size += 1) {
    const texts = lines(size);
    expect(treeOf(texts).root).toBe(rootBySplitting(texts.map(leafHash)).toString('hex'));
  }
});

describe('an audit path', () => {
  it('proves every line of every size', () => {
    for (let size = 1; size <= 70; size += 1) {
      const texts = lines(size);
      const { root, paths } = treeOf(texts);
      for (const [index, text] of texts.entries()) {
        expect(verifyInclusion(text, index, size, paths[index] ?? [], root)).toBe(true);
      }
    }
  });

  it('proves no other line, place, size, path or root', () => {
    const wrong = fc.property(
      fc.integer({ min: 2, max: 200 }).chain((size) =>
        fc.record({
          size: fc.constant(size),
          index: fc.nat(size - 1),
          other: fc.nat(size - 1),
          dropped: fc.nat(20),
        }),
      ),
      ({ size, index, other, dropped }) => {
        const texts = lines(size);
        const { root, paths } = treeOf(texts);
        const [text, path] = [texts[index] ?? '', paths[index] ?? []];
        expect(verifyInclusion(`${text}.`, index, size, path, root)).toBe(false);
        expect(verifyInclusion(text, other, size, path, root)).toBe(other === index);
        expect(verifyInclusion(text, size, size, path, root)).toBe(false);
        expect(verifyInclusion(text, index, size, [...path, root], root)).toBe(false);
        expect(
          verifyInclusion(text, index, size, path.toSpliced(dropped % path.length, 1), root),
        ).toBe(false);
        const broken = path.with(dropped % path.length, 'ab');
        expect(verifyInclusion(text, index, size, broken, root)).toBe(false);
        expect(verifyInclusion(text, index, size, path, `0${root.slice(1)}`)).toBe(root[0] === '0');
      },
    );
    fc.assert(wrong, { numRuns: 300 });
  });
});

describe('the root of a run', () => {
  const root = (text: string): string => leafHash(text).toString('hex');

  it('of one part is that of the part', () => {
    expect(rootOfParts([root('a')])).toBe(root('a'));
  });

  it('of more is the tree over theirs, and each has a path to it', () => {
    const roots = ['a', 'b', 'c', 'd', 'e'].map(root);
    const paths = roots.map((): string[] => []);
    const whole = rootOfParts(roots, paths);
    expect(whole).toBe(rootBySplitting(['a', 'b', 'c', 'd', 'e'].map(leafHash)).toString('hex'));
    for (const [at, part] of roots.entries()) {
      const leaf = Buffer.from(part, 'hex');
      expect(verifyPath(leaf, at, roots.length, paths[at] ?? [], whole)).toBe(true);
    }
  });
});
