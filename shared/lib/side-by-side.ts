/**
 * Works on items side by side, at most `atOnce` of them at a time.
 * @returns what `work` answered, in order of the items
 */
export async function sideBySide<Item, Value>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<Value>,
): Promise<readonly Value[]> {
  const values: Value[] = [];
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) values[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return values;
}
