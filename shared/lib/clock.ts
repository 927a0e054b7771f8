/**
 * The clock by which requests to one provider are signed: ours, until an answer shows that the
 * provider's is another one. Clocks less than 30 s apart count as equal.
 */
import { ClockError } from './errors.ts';
import { parseHttpDate } from './http-date.ts';

type Headers = Readonly<Record<string, string>>;

export interface ProviderClock {
  /** The time to sign with. */
  now(): Date;
  /**
   * Takes the time that an answer without a refusal tells, where it is neither that of its request nor
   * that of its arrival.
   */
  notice(headers: Headers, signedAt: Date): void;
  /** Whether the answer's `Date` is another time than that of its request. */
  differs(headers: Headers, signedAt: Date): boolean;
  /**
   * Takes the time of an answer that refuses the time of its request.
   * @param refusal what the provider said
   */
  correct(headers: Headers, signedAt: Date, refusal: string): ClockError;
  /** What `theirs`, an instant that the answer tells, is by our own clock. */
  ours(theirs: Date, headers: Headers): Date;
}

interface ClockOptions {
  /** For people. @default 'the provider' */
  readonly provider?: string;
  readonly log?: { warn(event: string, fields: Readonly<Record<string, string | number>>): void };
  readonly now?: () => Date;
}

/** A `Date` counts whole seconds, and an answer takes some. */
const APART_MS = 30_000;

const isApart = (ms: number): boolean => Math.abs(ms) >= APART_MS;

export function createClock({
  provider = 'the provider',
  log,
  now: here = () => new Date(),
}: ClockOptions = {}): ProviderClock {
  let offsetMs = 0;
  /** It is another one once a second. */
  let noticed: string | undefined;

  /** How long our clock is behind the answer's; undefined if it has no date. */
  const behindMs = ({ date }: Headers, at = here()): number | undefined => {
    const answeredAt = parseHttpDate(date, at);
    return answeredAt && answeredAt.getTime() - at.getTime();
  };

  const take = (behind: number): void => {
    const before = offsetMs;
    offsetMs = isApart(behind) ? behind : 0;
    if (isApart(offsetMs - before)) {
      log?.warn('clock.apart', { provider, behindSeconds: Math.round(offsetMs / 1_000) });
    }
  };

  return {
    now: () => new Date(here().getTime() + offsetMs),

    notice(headers, signedAt) {
      if (headers['date'] === noticed) return;
      noticed = headers['date'];
      const behind = behindMs(headers) ?? 0;
      const [signed, arrived] = [behindMs(headers, signedAt) ?? 0, behind - offsetMs];
      // A process that stood still, or an answer that took long, says nothing of the clocks.
      const isSure = isApart(signed) && isApart(arrived) && signed > 0 === arrived > 0;
      if (isSure) take(behind);
    },

    differs: (headers, signedAt) => isApart(behindMs(headers, signedAt) ?? 0),

    correct(headers, signedAt, refusal) {
      const behind = behindMs(headers);
      // A process that stood still between signing and sending signs anew with the same clock.
      const isCorrected = isApart(behindMs(headers, signedAt) ?? 0);
      if (isCorrected && behind !== undefined) take(behind);
      return new ClockError(`${tell(behind, provider)}: ${refusal}`, isCorrected);
    },

    ours(theirs, headers) {
      const behind = behindMs(headers) ?? 0;
      return isApart(behind) ? new Date(theirs.getTime() - behind) : theirs;
    },
  };
}

function tell(behindMs: number | undefined, provider: string): string {
  if (behindMs === undefined || !isApart(behindMs)) {
    return `The time of the request was refused, though no clock is known to be wrong`;
  }
  const seconds = Math.round(Math.abs(behindMs) / 1_000);
  const apart = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  const where = behindMs > 0 ? 'behind' : 'ahead of';
  return `The clock here is ${apart} ${where} that of ${provider}`;
}
