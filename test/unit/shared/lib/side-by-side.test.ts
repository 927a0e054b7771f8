import { expect, it } from 'vitest';
import { sideBySide } from '../../../../shared/lib/side-by-side.ts';

it('works on so many items at once and no more, and answers in their order', async () => {
  const ends: (() => void)[] = [];
  let most = 0;
  const done = sideBySide(['a', 'b', 'c', 'd', 'e'], 2, async (item, index) => {
    await new Promise<void>((end) => {
      most = Math.max(most, ends.push(end));
      // The later one ends first.
      if (ends.length === 2 || item === 'e') for (const each of ends.splice(0).reverse()) each();
    });
    return `${item}${index}`;
  });
  expect(await done).toEqual(['a0', 'b1', 'c2', 'd3', 'e4']);
  expect(most).toBe(2);
});

it('throws what one item throws', async () => {
  const work = async (item: number) => {
    if (item === 2) throw new Error('2 failed');
    return item;
  };
  await expect(sideBySide([1, 2, 3], 1, work)).rejects.toThrow('2 failed');
  expect(await sideBySide([], 2, work)).toEqual([]);
});
