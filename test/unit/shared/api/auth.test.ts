import { describe, expect, it } from 'vitest';
import { withAuditLog } from '../../../../shared/api/audit-log.ts';
import { createBearer } from '../../../../shared/api/auth.ts';
import { sha256Hex } from '../../../../shared/lib/encoding.ts';
import { StoreError } from '../../../../shared/lib/errors.ts';
import { createLog } from '../../../../shared/lib/log.ts';

const ask = (tokens: readonly string[], token: string, routeKey = 'GET /runs') =>
  createBearer(tokens)({ headers: { authorization: `Bearer ${token}` }, routeKey });

const SECRET = '0123456789abcdef';

describe('API tokens', () => {
  it.each([
    ['a plain one', SECRET, SECRET, { role: 'operate' }],
    ['a plain hash', `sha256:${sha256Hex(SECRET)}`, SECRET, { role: 'operate' }],
    ['one that reads', `grafana:read:${SECRET}`, SECRET, { token: 'grafana', role: 'read' }],
    ['one that operates', `张伟:operate:${SECRET}`, SECRET, { token: '张伟', role: 'operate' }],
    [
      'a named hash',
      `ops-1:operate:sha256:${sha256Hex(SECRET)}`,
      SECRET,
      { token: 'ops-1', role: 'operate' },
    ],
    ['an unknown role', `ops:admin:${SECRET}`, `ops:admin:${SECRET}`, { role: 'operate' }],
  ])('know %s', (_name, configured, given, caller) => {
    expect(ask(['another-of-sixteen', configured], given)).toEqual(caller);
    expect(() => ask([configured], `${given}0`)).toThrow('The token is unknown.');
  });

  it('refuse what stands in the configuration where only its end is the token', () => {
    const configured = `grafana:read:${SECRET}`;
    expect(() => ask([configured], configured)).toThrow('The token is unknown.');
    const hash = sha256Hex(SECRET);
    expect(() => ask([`a:operate:sha256:${hash}`], hash)).toThrow('The token is unknown.');
  });

  it.each(['POST /fetches', 'PUT /pace', 'DELETE /oms/v2/tasks/{taskId}'])(
    'that read may not %s',
    (routeKey) => {
      expect(() => ask([`grafana:read:${SECRET}`], SECRET, routeKey)).toThrow(
        expect.objectContaining({ code: 'TOKEN_READ_ONLY' }),
      );
    },
  );
});

describe('the audit log', () => {
  it('answers what was done when the ledger fails, and tells in the log who did it', async () => {
    const lines: string[] = [];
    const answer = withAuditLog(async () => ({ statusCode: 202, body: '{"runId":"r1"}' }), {
      ledger: { appendAuditEntry: () => Promise.reject(new StoreError('The disk is full.')) },
      log: createLog({ write: (line) => lines.push(line) }),
      now: () => new Date(),
    });
    const request = {
      method: 'POST',
      routeKey: 'POST /runs/{runId}/cancel',
      params: { runId: 'r1' },
      query: {},
      headers: {},
      body: '',
    };
    expect(await answer(request, { token: 'alice', role: 'operate' })).toMatchObject({
      statusCode: 202,
    });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        event: 'audit-log.failed',
        token: 'alice',
        request: 'POST /runs/r1/cancel',
        subject: 'r1',
      },
    ]);
  });
});
