/** What a provider says may quote the source, with whatever secret stands in it. */
import { expect, it } from 'vitest';
import { readFailedList } from '../../../../shared/providers/huawei/oms/failed-list.ts';
import { readReport } from '../../../../shared/providers/tencent/batch/report.ts';
import { callbackUpdate } from '../../../../shared/providers/tencent/offline-fetch/callback.ts';

const QUOTED = 'GET http://user:secret@a.example/b?token=secret&x=1 answered 403';
const MASKED = 'GET http://***@a.example/b?token=***&x=1 answered 403';

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

it.each([
  ['a list of OMS', () => readFailedList(bytes(`time\tCODE\tk\tk\t${QUOTED}\n`))],
  ['a report of Batch', () => readReport(bytes(`b,k,,failed,403,403,${QUOTED}\n`))],
])('G6: %s is kept without it', async (_, read) => {
  const failures = await Array.fromAsync(read());
  expect(failures.map(({ message }) => message)).toEqual([MASKED]);
});

it('G6: a callback is recorded without it', () => {
  const claim = { runId: 'r', transferId: 'r.0.1', attempt: 1, outcome: 'failed' } as const;
  const body = JSON.stringify({ code: 'Forbidden', message: QUOTED });
  const request = { body, headers: { 'content-type': 'application/json' } };
  expect(callbackUpdate(claim as never, request as never, new Date()).cause?.message).toBe(MASKED);
});
