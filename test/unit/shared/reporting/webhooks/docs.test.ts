/** docs/webhooks.md shows bodies as they are sent. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Run } from '../../../../../shared/ledger/model.ts';
import type {
  CredentialsRefused,
  RunFailing,
} from '../../../../../shared/reporting/webhooks/message.ts';
import { runClosed } from '../../../../../shared/reporting/webhooks/message.ts';

const page = readFileSync(new URL('../../../../../docs/webhooks.md', import.meta.url), 'utf8');
const shown = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, text = '']) => JSON.parse(text) as { type: string; timestamp: string; data: object },
);
const [closed, refused, failing] = ['run.closed', 'credentials.refused', 'run.failing'].map(
  (type) => shown.find((each) => each.type === type),
);

it('run.closed', () => {
  const data = closed?.data as ReturnType<typeof runClosed>;
  const closedAt = new Date(data.closedAt);
  const read = { plan: { shardCount: 1, sizeBytes: 2 }, readBytes: 2, unsent: 0 };
  const run = { ...data, ...read, createdAt: new Date(data.createdAt) } as unknown as Run;
  expect(JSON.parse(JSON.stringify(runClosed(run, closedAt)))).toEqual(data);
  expect(closed?.timestamp).toBe(data.closedAt);
});

it('credentials.refused', () => {
  const fields: Record<keyof CredentialsRefused, true> = {
    provider: true,
    api: true,
    code: true,
    message: true,
    requestId: true,
    since: true,
  };
  expect(Object.keys(refused?.data ?? {}).sort()).toEqual(Object.keys(fields).sort());
});

it('run.failing', () => {
  const { data } = failing ?? { data: {} };
  const { counts, ...rest } = data as RunFailing;
  expect(Object.keys(rest).sort()).toEqual(['operation', 'runId']);
  const ofClosed = closed?.data as { counts: object } | undefined;
  expect(Object.keys(counts)).toEqual(Object.keys(ofClosed?.counts ?? {}));
  expect(counts.failed).toBeGreaterThan(0.2 * (counts.failed + counts.succeeded));
});
