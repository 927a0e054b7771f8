/** Whether traffic can move to the target of a run: GO, or NO-GO with every reason. */
import type { RunView } from '../io/answers.ts';
import { plural } from '../io/text.ts';
import { isOver, unreadText } from './text.ts';

export const REASONS = [
  'RUN_OPEN',
  'RUN_FAILED',
  'RUN_CANCELLED',
  'TRANSFERS_OPEN',
  'TRANSFERS_FAILED',
  'TRANSFERS_CANCELLED',
  'LINES_QUARANTINED',
  'LINES_UNREAD',
  'AUDIT_MISSING',
  'AUDIT_DIFFERENT',
  'AUDIT_UNDECIDED',
] as const;

export function checkRun(run: RunView) {
  const { state, error, handedTo } = run;
  const { missing = 0, different = 0, undecided = 0 } = run.audit ?? {};
  const { planned, submitting, submitted, failed, cancelled, quarantined, unread } = run.counts;
  const open = planned + submitting + submitted;
  const over = isOver(run);
  const next = handedTo === undefined ? '' : `; run ${handedTo} retries them`;
  const all: readonly (readonly [boolean, (typeof REASONS)[number], string])[] = [
    [
      !over,
      'RUN_OPEN',
      `the run is ${state}: ${state === 'paused' ? 'resume it and ' : ''}wait until it is completed`,
    ],
    [state === 'failed', 'RUN_FAILED', `the run failed: ${error?.message ?? 'no reason given'}`],
    [state === 'cancelled', 'RUN_CANCELLED', 'the run was cancelled'],
    [over && open > 0, 'TRANSFERS_OPEN', `${plural(open, 'transfer')} without an outcome yet`],
    [failed > 0, 'TRANSFERS_FAILED', `${plural(failed, 'transfer')} failed${next}`],
    [cancelled > 0, 'TRANSFERS_CANCELLED', `${plural(cancelled, 'transfer')} cancelled`],
    [quarantined > 0, 'LINES_QUARANTINED', `${plural(quarantined, 'line')} quarantined, not sent`],
    [over && unread !== 0, 'LINES_UNREAD', `lines never read: ${unreadText(run)}`],
    [missing > 0, 'AUDIT_MISSING', `${plural(missing, 'object')} missing at the target`],
    [different > 0, 'AUDIT_DIFFERENT', `${plural(different, 'object')} different at the target`],
    [undecided > 0, 'AUDIT_UNDECIDED', `${plural(undecided, 'object')} undecided`],
  ];
  const reasons = all.flatMap(([holds, code, message]) => (holds ? [{ code, message }] : []));
  return { verdict: reasons.length === 0 ? ('GO' as const) : ('NO-GO' as const), reasons };
}
