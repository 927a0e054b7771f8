/** Whatever callers send, the answer is theirs to mend: no request ends in a fault of ours. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHandler, deployment } from '../../../../../functions/runs.ts';
import { createBearer } from '../../../../../shared/api/auth.ts';
import { createPlanner } from '../../../../../shared/runs/plan.ts';
import { newRun } from '../../../../contract/ledger.ts';
import { silentLog } from '../../../../fixtures/log.ts';
import { openStores } from '../../../../fixtures/stores.ts';

const TOKEN = 'the-token-of-this-test';
const routes = (deployment.http ?? []).filter((route) => !/^GET \/(?:assets|$)/.test(route));

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('r1', 'r1.0.0', '..', '', '__proto__', 'constructor', '%00', 'failed.csv', '*'),
  fc.constantFrom('1', '-1', '1.r1', '9'.repeat(30), 'failed', 'failed,failed', 'cos-fetch/a.csv'),
);
const named = (names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, odd])), { requiredKeys: [] });
const body = fc.oneof(
  odd,
  fc.json({ maxDepth: 4 }),
  fc
    .record(
      {
        key: fc.oneof(odd, fc.jsonValue()),
        class: fc.jsonValue(),
        limit: fc.jsonValue(),
        region: fc.oneof(odd, fc.constant('ap-shanghai')),
        bucket: fc.oneof(odd, fc.constant('b-1250000000')),
        objects: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.record(
              { url: fc.oneof(odd, fc.webUrl()), key: odd, md5: odd },
              { requiredKeys: [] },
            ),
          ),
        ),
        onKeyExist: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);

it('nothing that is sent ends in a fault of ours', { timeout: 60_000 }, async () => {
  const { ledger, objects, queue } = openStores();
  await ledger.openRun(newRun('r1'));
  const handle = createHandler({
    allowHttps: false,
    authorize: createBearer([TOKEN]),
    deadLetters: queue,
    ledger,
    log: silentLog,
    objects,
    planner: createPlanner({ ledger, objects, queue, shardBytes: 1_024, log: silentLog }),
    queue,
    uploads: { place: async (url) => ({ method: 'PUT', url, headers: {} }) },
  });
  const request = fc.record({
    routeKey: fc.constantFrom(...routes),
    pathParameters: named(['runId', 'transferId', 'file']),
    queryStringParameters: named(['cursor', 'limit', 'state', 'cause', 'operation']),
    headers: named(['idempotency-key', 'if-none-match', 'content-type']),
    body,
    isBase64Encoded: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ headers, routeKey, ...rest }) => {
      const answer = await handle({
        ...rest,
        routeKey,
        headers: { ...headers, authorization: `Bearer ${TOKEN}` },
        requestContext: { http: { method: routeKey.split(' ')[0] } },
      });
      expect(answer.statusCode, answer.body).toBeLessThan(500);
      if (answer.statusCode < 400) return;
      const problem = JSON.parse(answer.body ?? '');
      expect(problem).toMatchObject({ status: answer.statusCode, code: expect.any(String) });
      expect(answer.body?.length).toBeLessThan(20_000);
    }),
    { numRuns: 2_000 },
  );
});
