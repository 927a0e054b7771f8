/**
 * The table of OMS failure reasons: whether starting the task again can help, and what to advise.
 * https://support.huaweicloud.com/api-oms/oms_api_0052.html (OMS reference, section 3.6)
 */
import type { CauseClass } from '../../../lib/errors.ts';
import { own } from '../../../lib/values.ts';

/**
 * `yes`: start again; `later`: start again, but not at once; `keys`, `thaw`: only after somebody has
 * changed something; `no`: never as it is.
 */
export type RestartHelps = 'yes' | 'later' | 'keys' | 'thaw' | 'no';

export interface FailureReason {
  readonly restart: RestartHelps;
  readonly class: CauseClass;
  readonly advice: string;
  /**
   * Whether the task went through all its objects, so that the recorded ones are all that is left;
   * after any other reason some may never have been looked at.
   */
  readonly leftOnlyFailed: boolean;
}

/** Some objects failed; the destination differs in part; some uploads failed. */
const COMPLETE: ReadonlySet<string> = new Set(['0004', '0006', '0062']);

const rows = (
  numbers: string,
  restart: RestartHelps,
  kind: CauseClass,
  advice: string,
): [string, FailureReason][] =>
  numbers
    .split(' ')
    .map((number) => [
      number,
      { restart, class: kind, advice, leftOnlyFailed: COMPLETE.has(number) },
    ]);

// Bundles that never ask for a reason leave the table out.
const REASONS: Readonly<Record<string, FailureReason>> = /* @__PURE__ */ (() =>
  Object.fromEntries([
    ...rows('0001 0003', 'yes', 'transient', 'start the task again, as the provider asks'),
    ...rows('0002 0005 0007', 'yes', 'transient', 'start the task again'),
    ...rows('0004 0006', 'yes', 'source', 'send the failed objects again'),
    ...rows('0008 0009 0010', 'yes', 'transient', 'check keys and network, then start it again'),
    ...rows('0011 0012 0017', 'no', 'request', 'nothing was selected: create a task with objects'),
    ...rows('0013 0014 0016 0018', 'no', 'request', 'correct the list file and create a new task'),
    ...rows('0019 0301', 'no', 'request', "fix the list file's metadata or storage class"),
    ...rows('0015', 'no', 'request', 'the Azure account has no Blob service'),
    ...rows('0051 0052 0054', 'keys', 'credentials', 'grant the destination key its permissions'),
    ...rows('0057', 'keys', 'credentials', 'use a valid key pair for the destination'),
    ...rows('0053 0056', 'no', 'credentials', 'the account has expired or is frozen'),
    ...rows('0055 0063', 'no', 'quota', 'make room in the destination, or settle the balance'),
    ...rows('0058 0059 0060', 'no', 'request', 'check the destination bucket and path'),
    ...rows('0061 0157', 'later', 'transient', 'a storage service had problems: retry later'),
    ...rows('0062', 'later', 'transient', 'another task wrote the same names: retry later'),
    ...rows(
      '0064 0160 0201 0202',
      'thaw',
      'source',
      'restore the archived objects, then start again',
    ),
    ...rows(
      '0151 0152 0153 0154',
      'keys',
      'credentials',
      'use a source key that may read the objects',
    ),
    ...rows('0155 0156', 'no', 'source', 'the source bucket or object does not exist'),
    ...rows('0158', 'no', 'request', 'the destination has a different encryption than the source'),
    ...rows(
      '0159',
      'later',
      'throttled',
      'the source throttled: retry later, or limit the bandwidth',
    ),
  ]))();

const UNKNOWN: FailureReason = {
  restart: 'yes',
  class: 'transient',
  leftOnlyFailed: false,
  advice: 'the reason is not in the provider’s list: read its message',
};

/** @param code `TRF.0004`; one that is missing or not listed may be started again */
export const failureReason = (code: string | undefined): FailureReason =>
  own(REASONS, /^TRF\.(\d{4})$/.exec(code ?? '')?.[1] ?? '') ?? UNKNOWN;
