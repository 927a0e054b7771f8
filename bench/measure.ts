/** Runs sides of a comparison in turn, several rounds in one session, and takes the median of each. */

export interface Side {
  readonly name: string;
  /** Does its work once and answers operations per second. */
  readonly run: () => Promise<number> | number;
}

export interface Comparison {
  readonly metric: string;
  /** Ours first. */
  readonly sides: readonly Side[];
  /** Unit of the rates. */
  readonly unit: string;
  /** What the ratio of ours to each further side must reach. */
  readonly targets: readonly number[];
}

export interface Result {
  readonly metric: string;
  readonly unit: string;
  readonly rates: readonly {
    readonly name: string;
    readonly median: number;
    readonly all: readonly number[];
  }[];
  readonly ratios: readonly {
    readonly against: string;
    readonly ratio: number;
    readonly target: number;
    readonly met: boolean;
  }[];
}

export async function compare(comparison: Comparison, rounds: number): Promise<Result> {
  const { metric, sides, unit, targets } = comparison;
  const rates = sides.map(() => [] as number[]);
  // The first round warms up and does not count; then sides alternate, so that drift meets all.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, side] of sides.entries()) {
      const rate = await side.run();
      if (round > 0) rates[index]?.push(rate);
    }
  }
  const medians = rates.map(median);
  const [ours = 0] = medians;
  return {
    metric,
    unit,
    rates: sides.map(({ name }, index) => ({
      name,
      median: Math.round(medians[index] ?? 0),
      all: (rates[index] ?? []).map(Math.round),
    })),
    ratios: sides.slice(1).map(({ name }, index) => {
      const ratio = ours / (medians[index + 1] ?? Number.NaN);
      const target = targets[index] ?? 1;
      return { against: name, ratio: Math.round(ratio * 100) / 100, target, met: ratio >= target };
    }),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** Operations per second of `count` calls. */
export function rateOf(count: number, call: (index: number) => unknown): number {
  const start = process.hrtime.bigint();
  for (let index = 0; index < count; index += 1) call(index);
  return (count * 1e9) / Number(process.hrtime.bigint() - start);
}
