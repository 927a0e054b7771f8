/**
 * The numbers of a run as the API, its reports and its notifications show them: they count what
 * happened to each line, and name as `unread` what nobody has read to send it (promise G12).
 */
import { type Counts, isStopped, type Run } from './model.ts';

export interface ShownCounts extends Counts {
  /**
   * Lines that were never read to be sent: an estimate from bytes while `Progress.isEstimate`; null when
   * nothing was read yet.
   */
  readonly unread: number | null;
}

export interface Progress {
  /** Of the manifest, read so far. */
  readonly bytes: number;
  /** Null until the manifest is planned. */
  readonly bytesTotal: number | null;
  /** Transfers that succeeded or failed. */
  readonly done: number;
  /** Transfers of the whole manifest; null when nothing was read yet. */
  readonly total: number | null;
  /** `done` of `total`, rounded down. */
  readonly percent: number;
  /** Whether `total` and `unread` are estimates. */
  readonly isEstimate: boolean;
}

type Counted = Pick<Run, 'counts' | 'plan' | 'readBytes' | 'state' | 'unsent'>;

/** In a run that was stopped, what waits is cancelled, and what was read but not sent is unread. */
export function shownCounts(run: Counted): ShownCounts {
  const { counts, plan, unsent } = run;
  const unread = unreadAfterRead(run);
  if (!isStopped(run)) return { ...counts, unread };
  const { lines, quarantined } = plan?.totals ?? counts;
  const left = unread === null ? null : unread + unsent;
  return {
    ...counts,
    lines: lines - ((plan?.totals ? left : unsent) ?? 0),
    quarantined: Math.max(quarantined, counts.quarantined),
    planned: 0,
    cancelled: counts.cancelled + counts.planned - unsent,
    unread: left,
  };
}

export function progressOf(run: Counted): Progress {
  const { counts, plan, readBytes, state } = run;
  const done = counts.succeeded + counts.failed;
  const known = transfersOf(run);
  const isExact = isReadWhole(run) || plan?.totals !== undefined;
  const total = isReadWhole(run) ? known : totalOf(run, known);
  const isEstimate = total !== null && !isExact;
  const percent = total === 0 && state === 'completed' ? 100 : percentOf(done, total ?? 0);
  return {
    bytes: readBytes,
    bytesTotal: plan?.sizeBytes ?? null,
    done,
    total,
    // An estimate may be too small.
    percent: isEstimate ? Math.min(percent, 99) : percent,
    isEstimate,
  };
}

/** Rounded down, so that only the whole is 100. */
export const percentOf = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.min(100, Math.floor((100 * part) / whole));

/** Transfers of the lines that were read. */
const transfersOf = ({ counts }: Counted): number =>
  counts.planned +
  counts.submitting +
  counts.submitted +
  counts.succeeded +
  counts.failed +
  counts.cancelled;

const isReadWhole = ({ plan, readBytes }: Counted): boolean =>
  plan !== undefined && readBytes >= plan.sizeBytes;

function totalOf({ plan, readBytes }: Counted, known: number): number | null {
  if (plan?.totals) return Math.max(plan.totals.transfers, known);
  // What was not read is taken to be like what was.
  if (readBytes > 0) return Math.round(known * ((plan?.sizeBytes ?? readBytes) / readBytes));
  return null;
}

/** Lines behind those that were read. */
function unreadAfterRead(run: Counted): number | null {
  const { counts, plan, readBytes } = run;
  if (isReadWhole(run)) return 0;
  if (plan?.totals && isStopped(run)) {
    // Of the good lines, the others were found when it was closed.
    return Math.max(0, plan.totals.transfers - transfersOf(run));
  }
  if (plan?.totals) return Math.max(0, plan.totals.lines - counts.lines);
  if (!plan || readBytes === 0) return null;
  const estimate = (counts.lines * (plan.sizeBytes - readBytes)) / readBytes;
  // Where bytes are left, a line is.
  return Math.max(1, Math.round(estimate));
}
