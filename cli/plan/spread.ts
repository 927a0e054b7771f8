/** Takes a few of many, evenly spread, without knowing how many there will be. */

interface Spread<Item> {
  add(item: Item): void;
  taken(): readonly Item[];
}

/** @param most how many are taken; the first is among them */
export function createSpread<Item>(most: number): Spread<Item> {
  let kept: Item[] = [];
  let [seen, step] = [0, 1];
  return {
    add(item) {
      if (seen % step === 0) {
        kept.push(item);
        if (kept.length === 4 * most) {
          kept = kept.filter((_, at) => at % 2 === 0);
          step *= 2;
        }
      }
      seen += 1;
    },
    taken: () => {
      const every = Math.max(1, kept.length / most);
      return kept.filter((_, at) => Math.floor(at / every) !== Math.floor((at - 1) / every));
    },
  };
}
