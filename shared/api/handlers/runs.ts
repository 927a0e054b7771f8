/** The routes that read runs and transfers, page by page. */

import { readAuditView } from '../../audit/view.ts';
import { transferCursor } from '../../ledger/cursors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { parseTransferId, type Run } from '../../ledger/model.ts';
import { runView, transferView } from '../../ledger/views.ts';
import { withoutUndefined } from '../../lib/values.ts';
import type { Describe } from '../../manifest/describe.ts';
import { json } from '../../runtime/http.ts';
import { runsQuery, transfersQuery } from '../page-queries.ts';
import { parseQuery } from '../requests.ts';
import type { RUN_ROUTES } from '../routes/runs.ts';
import { absent, findRun, howManyFit, type Routes } from './common.ts';

/** With the verdicts, where it is an audit. */
async function viewOf(ledger: Pick<Ledger, 'readNote'>, run: Run) {
  const audit =
    run.operation === 'audit-arrival' ? await readAuditView(ledger, run.runId) : undefined;
  return { ...runView(run), ...(audit && { audit }) };
}

export const runRoutes = (ledger: Ledger, describe: Describe): Routes<typeof RUN_ROUTES> => ({
  'GET /runs': async ({ query }) => {
    const asked = parseQuery(runsQuery, query);
    const { cursor, limit, migration: migrationId = null, operation, state } = asked;
    const filter = withoutUndefined({ cursor, operations: operation, states: state });
    const page = await ledger.runs({ limit, migrationId, ...filter });
    const runs = await Promise.all(page.items.map((run) => viewOf(ledger, run)));
    return json(200, { runs, nextCursor: page.nextCursor ?? null });
  },
  'GET /runs/{runId}': async (request) =>
    json(200, await viewOf(ledger, await findRun(ledger, request))),
  'GET /runs/{runId}/transfers': async (request) => {
    const { cause, cursor, limit, state } = parseQuery(transfersQuery, request.query);
    const { runId } = await findRun(ledger, request);
    const filter = withoutUndefined({ classes: cause, cursor, states: state });
    const page = await ledger.transfers(runId, { limit, ...filter });
    const views = (await describe(page.items)).map(transferView);
    // Addresses may have 64 KB each: then a page ends before its limit.
    const count = howManyFit(views);
    const last = page.items[count - 1];
    const isCut = last !== undefined && count < views.length;
    const nextCursor = isCut ? transferCursor(last) : (page.nextCursor ?? null);
    return json(200, { transfers: views.slice(0, count), nextCursor });
  },
  'GET /runs/{runId}/transfers/{transferId}': async (request) => {
    const { runId } = await findRun(ledger, request);
    const transferId = request.params['transferId'] ?? '';
    const isOfRun = parseTransferId(transferId)?.runId === runId;
    const transfer = isOfRun ? await ledger.read(transferId) : undefined;
    const [described] = transfer ? await describe([transfer]) : [];
    if (described) return json(200, transferView(described));
    const expected = `expected the id of a transfer, such as ${runId}.0.12`;
    throw absent('transferId', expected, 'There is no such transfer, or it was not sent yet.');
  },
});
