import { expect, it } from 'vitest';
import { findRun } from '../../../../../shared/api/handlers/common.ts';

it.each(['a'.repeat(65), 'a'.repeat(4_000), 'r1 ', 'r1/x', 'r1\n', '', '..', 'é'])(
  'no store is asked for a run %j',
  async (runId) => {
    const ledger = {
      run: async (id: string) => Promise.reject(new Error(`asked for ${id}`)),
    };
    await expect(findRun(ledger, { params: { runId } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      errors: [{ path: 'runId' }],
    });
  },
);
