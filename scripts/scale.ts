/**
 * Calculates what a run of so many objects asks of DynamoDB, by phase, from figures that tests
 * measure on a simulated table with DynamoDB's limits. `npm run scale` prints the tables of
 * docs/scale.md, which a test compares.
 */
import { CASE, PRICES } from './costs.ts';

/** Measured in `test/integration/write-units.test.ts` and `test/integration/huge-run.test.ts`. */
export const MEASURED = {
  /** Calls of a worker for each block of 256 lines: intent and acceptances. */
  callsPerBlock: 9,
  /** And for each shard: taken, counted by the queue's feeding, ended, released. */
  callsPerShard: 11,
  /** Write units of an object besides its outcome. */
  writesBesides: 0.04,
  /** Read units per object while it is sent. */
  readsPerObject: 0.04,
  /** Of a sweep while eight shards have open transfers. */
  sweepCalls: 59,
  /** To count those eight shards. */
  sweepReads: 9_000,
  /** Of a look at the run. */
  lookCalls: 3,
  /** Bytes of a shard's item, and of a roll-up for one shard. */
  shardBytes: 950,
  rollupBytes: 45,
  /** Bytes of the row of a failure. */
  failureBytes: 700,
} as const;

export const LIMITS = {
  tableUnits: 40_000,
  partitionReads: 3_000,
  partitionWrites: 1_000,
  pageBytes: 1_048_576,
  sweepSeconds: 240,
} as const;

/** As plain manifests are cut: shards grow rather than become more. */
const MOST_SHARDS = 10_000;

/** Of one call, where nothing waits, and calls at once. */
const CALL_SECONDS = 0.01;
const AT_ONCE = 8;

export interface Phase {
  readonly phase: string;
  readonly calls: number;
  readonly reads: number;
  readonly writes: number;
  readonly seconds: number;
}

export const shardsOf = (objects: number): number =>
  Math.min(MOST_SHARDS, Math.ceil(objects / CASE.linesPerShard));

/** @param rate objects per second */
export function phases(objects: number, rate: number): readonly Phase[] {
  const shards = shardsOf(objects);
  const blocks = Math.ceil(objects / CASE.linesPerWindow);
  const sendSeconds = objects / rate;
  const pages = (bytes: number): number => Math.ceil(bytes / LIMITS.pageBytes);
  const units = (bytes: number): number => Math.ceil(bytes / 4_096);
  const [shardBytes, rollupBytes] = [shards * MEASURED.shardBytes, shards * MEASURED.rollupBytes];
  const lookCalls = MEASURED.lookCalls + pages(rollupBytes);
  const sweeps = Math.max(1, Math.ceil(sendSeconds / 300));
  const sweepReads = MEASURED.sweepReads + units(shardBytes) + 2 * units(rollupBytes);
  const failures = objects * CASE.failing;
  const reports = {
    calls: 4 * shards + 2 * pages(shardBytes),
    reads: units(failures * MEASURED.failureBytes) + 4 * shards,
  };
  return [
    { phase: 'plan', calls: 4, reads: 4, writes: 4, seconds: 1 + shards / 2_000 },
    {
      phase: 'submit',
      calls: MEASURED.callsPerBlock * blocks + MEASURED.callsPerShard * shards,
      reads: MEASURED.readsPerObject * objects,
      writes: MEASURED.writesBesides * objects,
      seconds: sendSeconds,
    },
    { phase: 'callbacks', calls: objects, reads: 0, writes: objects, seconds: sendSeconds },
    {
      phase: `${sweeps.toLocaleString('en-US')} sweeps`,
      calls: sweeps * (MEASURED.sweepCalls + pages(shardBytes)),
      reads: sweeps * sweepReads,
      writes: 11 * sweeps + 5 * shards,
      seconds: sendSeconds,
    },
    {
      phase: 'reports',
      ...reports,
      writes: 10,
      seconds: Math.max(
        (reports.calls * CALL_SECONDS) / AT_ONCE,
        reports.reads / LIMITS.tableUnits,
      ),
    },
    { phase: 'one look', calls: lookCalls, reads: units(rollupBytes) + 2, writes: 1, seconds: 0.1 },
  ];
}

export const usdOf = ({ reads, writes }: Phase): number =>
  reads * PRICES.readUnits + writes * PRICES.writeUnits;

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

const duration = (seconds: number): string => {
  if (seconds < 90) return `${seconds < 1 ? seconds : Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
};

/** @param millions of objects */
export function table(millions: number, rate: number): string {
  const rows = phases(millions * 1e6, rate).map((phase) => {
    const usd = usdOf(phase);
    const cells = [whole(phase.calls), whole(phase.reads), whole(phase.writes)];
    return `| ${phase.phase} | ${cells.join(' | ')} | ${duration(phase.seconds)} | ${usd.toFixed(usd < 1 ? 4 : 2)} |`;
  });
  return [
    '| Phase | Calls | Read units | Write units | Time | USD |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

export const SIZES: readonly (readonly [millions: number, rate: number])[] = [
  [1, 100],
  [10, 100],
  [100, 1_000],
  [500, 1_000],
];

if (import.meta.main) {
  for (const [millions, rate] of SIZES) {
    process.stdout.write(`${millions} million at ${rate}/s\n\n${table(millions, rate)}\n\n`);
  }
}
