/**
 * Calculates what a million objects cost on AWS: named quantities times named prices. `npm run
 * costs` prints the tables of docs/costs.md, which a test compares; change either here to see your
 * own case.
 */

/** USD, us-east-1; sources and dates stand in docs/costs.md. */
export const PRICES = {
  writeUnits: 0.625 / 1e6,
  readUnits: 0.125 / 1e6,
  lambdaRequests: 0.2 / 1e6,
  lambdaGbSeconds: 0.0000133334,
  egressGb: 0.09,
  sqsRequests: 0.4 / 1e6,
  s3Puts: 5 / 1e6,
  s3Gets: 0.4 / 1e6,
  tableGbMonths: 0.25,
  recoveryGbMonths: 0.2,
} as const;
type Price = keyof typeof PRICES;

/** How a migration looks; every figure is named in docs/costs.md. */
export const CASE = {
  objects: 1e6,
  linesPerShard: 2_600,
  linesPerWindow: 256,
  /** Of a healthy object. */
  rowBytes: 80,
  /** Of its acceptance, which is packed with those of its window. */
  packedBytes: 33,
  /** Sum of one failing transfer's further writes, and how many fail. */
  failing: 0.003,
  requestsPerSecond: 100,
  workers: 2,
  fetchGb: 0.5,
  callbackGb: 0.25,
  callbackSeconds: 0.015,
  /** Bytes that leave AWS for one object: the submission, and the answer to its callback. */
  bytesOut: 1_500,
  /** How often a shard's rows are read in all: taken, counted, counted once more. */
  readsPerShard: 3,
};
export type Case = typeof CASE;

export interface Line {
  readonly what: string;
  readonly units: number;
  readonly price: Price;
}

export function lines(of: Case): readonly Line[] {
  const { objects, packedBytes, rowBytes } = of;
  const shards = objects / of.linesPerShard;
  const windows = objects / of.linesPerWindow;
  const unitsPerPack = Math.ceil((of.linesPerWindow * packedBytes) / 1_024);
  // Each worker takes its part of the requests of half a second at once.
  const takes = objects / Math.max(1, Math.floor(of.requestsPerSecond / 2 / of.workers));
  const rowReads = Math.ceil((of.linesPerShard / 4) * (rowBytes / 4_096)) * 4;
  return [
    { what: 'DynamoDB writes: outcomes', units: objects, price: 'writeUnits' },
    {
      what: 'DynamoDB writes: packs of acceptances',
      units: unitsPerPack * windows,
      price: 'writeUnits',
    },
    {
      what: 'DynamoDB writes: intents, shards, failures',
      units: windows + 10 * shards + 3 * of.failing * objects,
      price: 'writeUnits',
    },
    {
      what: 'DynamoDB reads',
      units: 11 * windows + shards * (8 + of.readsPerShard * rowReads),
      price: 'readUnits',
    },
    { what: 'DynamoDB writes: shared limits', units: takes, price: 'writeUnits' },
    { what: 'DynamoDB reads: shared limits', units: takes, price: 'readUnits' },
    { what: 'Lambda requests: callbacks', units: objects, price: 'lambdaRequests' },
    {
      what: 'Lambda GB-seconds: callbacks',
      units: objects * of.callbackSeconds * of.callbackGb,
      price: 'lambdaGbSeconds',
    },
    {
      what: 'Lambda GB-seconds: submitting, which mostly waits for its turn',
      units: (objects / of.requestsPerSecond) * of.workers * of.fetchGb,
      price: 'lambdaGbSeconds',
    },
    { what: 'data out', units: (objects * of.bytesOut) / 1e9, price: 'egressGb' },
    { what: 'SQS', units: 5 * shards, price: 'sqsRequests' },
    { what: 'S3 writes', units: shards + 10, price: 's3Puts' },
    { what: 'S3 reads', units: 3 * shards, price: 's3Gets' },
  ];
}

const amount = ({ units, price }: Line): number => units * PRICES[price];
export const total = (all: readonly Line[]): number =>
  all.reduce((sum, line) => sum + amount(line), 0);

/** For each month that a million rows are kept; DynamoDB counts 100 bytes more for each item. */
export const keeping = ({ objects, linesPerWindow, packedBytes, rowBytes }: Case): number => {
  const bytes = objects * (rowBytes + 100 + packedBytes + 100 / linesPerWindow);
  return (bytes / 1e9) * (PRICES.tableGbMonths + PRICES.recoveryGbMonths);
};

/** Per month, whatever is migrated. */
export const FIXED: readonly (readonly [what: string, usd: number])[] = [
  ['4 secrets at 0.40', 1.6],
  ['43 alarms at 0.10', 4.3],
  ['1 key, of the topic', 1],
  ['6 metrics of its own at 0.30', 1.8],
  ['1 dashboard', 3],
  ['sweeps: 8,640 of about 3 s at 0.5 GB', 8_640 * 3 * 0.5 * PRICES.lambdaGbSeconds],
  ['continuing nights: 8,640 of about 0.3 s at 0.5 GB', 8_640 * 0.3 * 0.5 * PRICES.lambdaGbSeconds],
  ['continuing lists: 8,640 of about 0.3 s at 0.5 GB', 8_640 * 0.3 * 0.5 * PRICES.lambdaGbSeconds],
  [
    'continuing audits and creations of OMS tasks: 17,280 of about 0.3 s at 0.5 GB',
    17_280 * 0.3 * 0.5 * PRICES.lambdaGbSeconds,
  ],
  [
    'advancing migrations: 8,640 of about 0.3 s at 0.5 GB',
    8_640 * 0.3 * 0.5 * PRICES.lambdaGbSeconds,
  ],
  ['queue polled while empty: 5 pollers, each 20 s', 648_000 * PRICES.sqsRequests],
];

const usd = (value: number): string => value.toFixed(value < 0.01 ? 4 : 3);
const units = (value: number): string =>
  value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');

export function table(of: Case): string {
  const all = lines(of);
  return [
    '| What | Units | Price of a unit, USD | USD |',
    '|---|---|---|---|',
    ...all.map((line) => {
      const price = PRICES[line.price];
      const shown = price < 0.001 ? `${Number((price * 1e6).toPrecision(6))} per million` : price;
      return `| ${line.what} | ${units(line.units)} | ${shown} | ${usd(amount(line))} |`;
    }),
    `| **all** | | | **${total(all).toFixed(2)}** |`,
  ].join('\n');
}

/** What changes when one figure of the case does. */
const CHANGES: readonly (readonly [what: string, change: Partial<Case>])[] = [
  ['1,000 requests a second, 4 workers', { requestsPerSecond: 1_000, workers: 4 }],
  ['10 requests a second', { requestsPerSecond: 10 }],
  ['one object in ten fails', { failing: 0.1 }],
];

export const changes = (): string =>
  [
    '| If | USD per million |',
    '|---|---|',
    ...CHANGES.map(
      ([what, change]) => `| ${what} | ${total(lines({ ...CASE, ...change })).toFixed(2)} |`,
    ),
    `| callbacks come through the HTTP API, 1.00 per million | ${(total(lines(CASE)) + 1).toFixed(2)} |`,
  ].join('\n');

/** USD per month of a stage in which nothing runs. */
export const idle = (): number => FIXED.reduce((sum, [, value]) => sum + value, 0);

export const fixed = (): string =>
  [
    '| What | USD per month |',
    '|---|---|',
    ...FIXED.map(([what, value]) => `| ${what} | ${value.toFixed(2)} |`),
    `| **all** | **${idle().toFixed(2)}** |`,
  ].join('\n');

/** @param months that rows are kept on average */
export const growth = (months = 3): string => {
  const perMillion = total(lines(CASE));
  const perMonth = idle();
  const rows = [1, 10, 100, 1_000].map((millions) => {
    const days = (millions * 1e6) / 100 / 86_400;
    const carry = millions * perMillion;
    const keep = millions * keeping(CASE) * months;
    const all = carry + keep + perMonth * Math.max(1, days / 30);
    const cells = [millions, days, days / 10].map((value) => Number(value.toPrecision(2)));
    const [size, slow, fast] = cells.map((value) => value.toLocaleString('en-US'));
    return `| ${size} million | ${slow} | ${fast} | ${[carry, keep, all].map((value) => Math.round(value).toLocaleString('en-US')).join(' | ')} |`;
  });
  return [
    '| Objects | days at 100/s | days at 1,000/s | carrying, USD | keeping 3 months, USD | all, USD |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
};

if (import.meta.main) {
  process.stdout.write(`${[table(CASE), fixed(), changes(), growth()].join('\n\n')}\n`);
}
