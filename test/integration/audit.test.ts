/** A run is audited through the service: what arrived otherwise is found, sent again, and certified. */
import { cpSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { manifestOf, startLive, TARGET, TOKEN } from '../fixtures/live.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

interface RunView {
  readonly state: string;
  readonly closedAt: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly audit?: Readonly<Record<string, unknown>>;
  readonly source?: { readonly key: string };
}

it('G13: A09: a success that is none is different in the audit, NO-GO, and sent again', {
  timeout: 60_000,
}, async () => {
  const live = await startLive();
  const read = async (path: string) => (await live.call(path)).text();
  const closed = (runId: string): Promise<RunView> =>
    until(async () => {
      const run = JSON.parse(await read(`/runs/${runId}`)) as RunView;
      return run.closedAt === null ? undefined : run;
    });
  const audit = async (runId: string): Promise<string> => {
    const answer = await live.call(`/runs/${runId}/audit`, {
      method: 'POST',
      body: JSON.stringify({ audit: 'head' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(202);
    const auditId = ((await answer.json()) as { runId: string }).runId;
    await closed(auditId);
    return auditId;
  };

  const runId = await live.start('all.csv', manifestOf(live.site, 40));
  const sent = await closed(runId);
  expect(sent.counts).toMatchObject({ succeeded: 40, failed: 0 });
  // The provider said that both are there.
  const [wrong, gone] = [3, 7].map((at) => live.site.files[at]?.path ?? '');
  const pathOf = (key: string | undefined) => `${TARGET.bucket}/${key}`;
  const { objects } = live.simulator;
  const there = objects.get(pathOf(wrong));
  if (!there) throw new Error('it did not arrive');
  objects.set(pathOf(wrong), { ...there, md5: '25f9e794323b453885f5181f1b624d0b', crc64: '1' });
  objects.delete(pathOf(gone));

  const auditId = await audit(runId);
  const found = await closed(auditId);
  expect(found).toMatchObject({
    operation: 'audit-arrival',
    state: 'completed',
    audit: { isWhole: true, objects: 40, proved: 38, different: 1, missing: 1, undecided: 0 },
  });
  expect((await closed(runId)).counts).toEqual(sent.counts);
  const certificate = JSON.parse(await read(`/runs/${auditId}/certificate.json`));
  expect(certificate).toMatchObject({
    verdict: 'NO-GO',
    reasons: ['1 object is missing at the target.', '1 object is different at the target.'],
    source: { lines: 40, objects: 40, key: sent.source?.key },
  });

  // The files of the audit, and what it compared, in one folder: nothing else is asked.
  const folder = temporaryFolder();
  const waybill = async (...args: readonly string[]) => {
    const env = { WAYBILL_URL: live.url, WAYBILL_TOKEN: TOKEN };
    const program = startProgram('cli/waybill.ts', args, env);
    return { code: await program.ended, output: program.output() };
  };
  expect((await waybill('report', auditId, '--out', folder)).code).toBe(0);
  const key = sent.source?.key ?? '';
  cpSync(join(live.folder, 'objects', key), join(folder, basename(key)));
  const keyFile = join(temporaryFolder(), 'certificate-key.json');
  writeFileSync(keyFile, await (await fetch(`${live.url}/certificate-key`)).text());
  const verify = ['verify', join(folder, 'certificate.json'), '--key', keyFile, '--files', folder];
  const verified = await waybill(...verify, '--json');
  expect(JSON.parse(verified.output)).toMatchObject({
    verified: true,
    verdict: 'NO-GO',
    files: Array.from({ length: 5 }, () => ({ result: 'equal' })),
  });
  writeFileSync(join(folder, 'missing.csv'), 'url,key\r\n');
  expect(await waybill(...verify)).toMatchObject({
    code: 1,
    output: expect.stringMatching(/NO[\s\S]*different .*missing\.csv/),
  });

  // A report is a manifest again; one request sends all that was found.
  const again = await live.start('again.csv', await read(`/runs/${auditId}/missing.csv`));
  expect((await closed(again)).counts).toMatchObject({ succeeded: 1, failed: 0 });
  const retry = async (id: string) => {
    const answer = await live.call(`/runs/${id}/retry`, { method: 'POST' });
    return { status: answer.status, ...(JSON.parse(await answer.text()) as { runId: string }) };
  };
  const resent = await retry(auditId);
  expect(resent).toMatchObject({ status: 202, ordered: 2 });
  expect((await closed(resent.runId)).counts).toMatchObject({ succeeded: 2, failed: 0 });
  expect((await retry(auditId)).runId).toBe(resent.runId);
  const lastId = await audit(runId);
  expect(await retry(lastId)).toMatchObject({ status: 409, code: 'NOTHING_TO_RETRY' });
  const last = JSON.parse(await read(`/runs/${lastId}/certificate.json`));
  expect(last).toMatchObject({
    verdict: 'GO',
    reasons: ['40 of 40 objects are proved by checksum.'],
    verdicts: { proved: 40, missing: 0, different: 0, extra: 0 },
  });
});
