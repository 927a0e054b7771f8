import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRoute, runHref, runsHref, transferHref } from '../../../../dashboard/state/route.ts';

it.each([
  ['', { page: 'runs' }],
  ['#/', { page: 'runs' }],
  [
    '#/?state=active&operation=cos-batch-job',
    { page: 'runs', state: 'active', operation: 'cos-batch-job' },
  ],
  ['#/?search=a%20b', { page: 'runs', search: 'a b' }],
  ['#/runs/r1', { page: 'run', runId: 'r1', filter: {} }],
  ['#/runs/r1?cause=source&state=', { page: 'run', runId: 'r1', filter: { cause: 'source' } }],
  ['#/runs/r1/transfers/r1.0.7', { page: 'transfer', runId: 'r1', transferId: 'r1.0.7' }],
  ['#/nightly', { page: 'nightly' }],
  ['#/providers', { page: 'providers' }],
  ['#/start', { page: 'start' }],
  ['#/start/migration', { page: 'start', kind: 'migration' }],
  ['#/migrations', { page: 'migrations' }],
  ['#/migrations?state=moving', { page: 'migrations', state: 'moving' }],
  ['#/migrations/m67', { page: 'migration', migrationId: 'm67' }],
  ['#/migrations/m67/x', { page: 'unknown' }],
  ['#/start/batch', { page: 'start', kind: 'batch' }],
  ['#/start/oms', { page: 'start', kind: 'oms' }],
  ['#/runs', { page: 'unknown' }],
  ['#/runs/r1/nothing', { page: 'unknown' }],
  ['#/start/more', { page: 'unknown' }],
  ['#/%E0%A4%A', { page: 'unknown' }],
])('%s', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

it('every address leads to what it was made of', () => {
  const text = fc.string({ minLength: 1, unit: 'binary' });
  fc.assert(
    fc.property(text, text, text, (runId, transferId, search) => {
      fc.pre(runId.isWellFormed() && transferId.isWellFormed() && search.isWellFormed());
      expect(parseRoute(runHref(runId, { search, state: 'failed' }))).toEqual({
        page: 'run',
        runId,
        filter: { search, state: 'failed' },
      });
      expect(parseRoute(transferHref(runId, transferId))).toEqual({
        page: 'transfer',
        runId,
        transferId,
      });
      expect(parseRoute(runsHref({ state: search }))).toEqual({ page: 'runs', state: search });
    }),
  );
});
