/** Runs and transfers as the API answers them. */
import type { Run, Transfer } from '../../../dashboard/api/types.ts';

export const COUNTS: Run['counts'] = {
  lines: 0,
  quarantined: 0,
  planned: 0,
  submitting: 0,
  submitted: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
};

type RunParts = Partial<Omit<Run, 'counts'>> & { readonly counts?: Partial<Run['counts']> };

export const newRun = ({ counts, ...parts }: RunParts = {}): Run => ({
  runId: 'r1',
  trigger: 'upload',
  operation: 'cos-offline-fetch',
  state: 'active',
  progress: { bytes: 100, bytesTotal: 100 },
  createdAt: '2026-11-20T10:00:00.000Z',
  closedAt: null,
  ...parts,
  counts: { ...COUNTS, ...counts },
});

export const newTransfer = (parts: Partial<Transfer> = {}): Transfer => ({
  transferId: 'r1.0.1',
  runId: 'r1',
  operation: 'cos-offline-fetch',
  state: 'succeeded',
  attempt: 1,
  key: 'videos/a.mp4',
  url: 'http://source.example/a.mp4',
  updatedAt: '2026-11-20T10:00:10.000Z',
  history: [],
  ...parts,
});
