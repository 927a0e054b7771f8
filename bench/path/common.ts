/** What the three sides of the whole path share: their arguments, and how they report. */

export interface PathInput {
  readonly manifest: string;
  readonly objects: number;
  readonly env: Readonly<Record<string, string>>;
}

export const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/bench.csv';
export const BUCKET = 'examplebucket-1250000000';
/** The default of `WAYBILL_COS_FETCH_IN_FLIGHT`. */
export const IN_FLIGHT = 50;

export const readInput = (): PathInput => JSON.parse(process.argv[2] ?? '{}') as PathInput;

/** Tells the parent how long all objects took, from the first read to the last outcome. */
export function report(seconds: number): void {
  process.stdout.write(`${JSON.stringify({ seconds })}\n`);
}
