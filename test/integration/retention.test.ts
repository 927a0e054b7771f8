/** A service that removes what ended long ago from its SQLite ledger. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSqliteFile } from '../../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../../shared/stores/sqlite/ledger.ts';
import { newRun } from '../contract/ledger.ts';
import { startProgram, until } from '../fixtures/processes.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const TOKEN = 'a-token-of-the-retention-test';
const DAY_MS = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * DAY_MS);

it.each([
  ['30', 404],
  ['0', 200],
])(
  'a service with WAYBILL_RETENTION_DAYS=%s answers %s for a run that ended 40 days ago',
  async (days, status) => {
    const folder = temporaryFolder();
    const file = openSqliteFile(join(folder, 'waybill.db'));
    const ledger = createSqliteLedger(file);
    const open = async (runId: string) => {
      await ledger.openRun({ ...newRun(runId), createdAt: ago(50) });
      await ledger.activateRun(runId, { shardCount: 1, sizeBytes: 100 });
    };
    for (const runId of ['ended', 'lately', 'open']) await open(runId);
    await ledger.closeRun('ended', ago(40));
    await ledger.closeRun('lately', ago(20));
    await file.close();
    const service = startProgram('local/main.ts', [], {
      PORT: '0',
      WAYBILL_API_TOKENS: TOKEN,
      WAYBILL_DATA: folder,
      WAYBILL_RETENTION_DAYS: days,
    });
    const [, url = ''] = await service.says(/listens on (\S+)/);
    const statusOf = async (runId: string) =>
      (await fetch(`${url}/runs/${runId}`, { headers: { authorization: `Bearer ${TOKEN}` } }))
        .status;
    await until(async () => ((await statusOf('ended')) === status ? true : undefined));
    if (status === 404) await service.says(/"retention\.removed".*"runs":1/);
    expect([await statusOf('lately'), await statusOf('open')]).toEqual([200, 200]);
    expect(await service.kill('SIGTERM')).toBe(0);
    expect(service.output().includes('retention.removed')).toBe(status === 404);
  },
);
