/** Schedules of catch-ups: five fields, in the time zone of this machine. */
import { Cron } from 'croner';

const open = (text: string): Cron => new Cron(text, { paused: true });

/** Undefined for a schedule. */
export function cronFault(text: string): 'invalid' | undefined {
  try {
    return text.split(/\s+/).length === 5 && open(text).nextRun() ? undefined : 'invalid';
  } catch {
    return 'invalid';
  }
}

/** The first time of the schedule behind an instant. */
export const nextFiring = (schedule: string, after: Date): Date | undefined =>
  open(schedule).nextRun(after) ?? undefined;
