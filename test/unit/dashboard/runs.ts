/** Runs and transfers as the API answers them. */
import type { Run, Transfer } from '../../../dashboard/api/types.ts';
import { type Counted, numbersOf } from '../../fixtures/numbers.ts';

type RunParts = Partial<Omit<Run, 'counts' | 'progress' | 'state'>> & Partial<Counted>;

export const newRun = ({ counts, read, state = 'active', ...parts }: RunParts = {}): Run => ({
  runId: 'r1',
  trigger: 'upload',
  operation: 'cos-offline-fetch',
  state,
  createdAt: '2026-11-20T10:00:00.000Z',
  closedAt: null,
  ...parts,
  ...numbersOf({ state, counts, read }),
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
