/** Sends again what the last audit found missing or different, in a run of its own that no count includes. */
import { foundManifest } from '../audit/resend.ts';
import { manifestOf } from './cut.ts';
import { stepRunId } from './ids.ts';
import type { Step } from './step.ts';

/** The objects were counted when they were sent first; the next audit says what became of them. */
export const resendStep: Step = async (migration, { objects }) => {
  const { resend: auditRunId = '', ...rest } = migration;
  const { migrationId, rounds, runs } = migration;
  const round = rounds.length - 1;
  const before = runs.filter(({ role }) => role === 'again').length;
  const runId = stepRunId(migrationId, round, 'again', before);
  const entry = { runId, role: 'again', round, lines: 0 } as const;
  let lines = 0;
  const text = foundManifest(objects, auditRunId, () => {
    lines += 1;
  });
  await objects.put(manifestOf(migration, entry), text);
  return lines === 0 ? rest : { ...rest, runs: [...runs, { ...entry, lines }] };
};
