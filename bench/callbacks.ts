/** Checking a callback's token, alone and with the merge into SQLite, beside standardwebhooks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import type { Ledger } from '../shared/ledger/ledger.ts';
import { createCallbackTokens } from '../shared/signing/callback-token.ts';
import { openSqliteFile, type SqliteFile } from '../shared/stores/sqlite/file.ts';
import { createSqliteLedger } from '../shared/stores/sqlite/ledger.ts';
import { type Comparison, rateOf, type Side } from './measure.ts';

const COUNT = 20_000;
const RUN_ID = '0123456789abcdef01234567';
const now = new Date();
const later = new Date(now.getTime() + 86_400_000);
const tokens = createCallbackTokens([{ kid: 'k1', secret: 'bench-secret-0123456789abcdef0123' }]);

const made = Array.from({ length: COUNT }, (_, n) =>
  tokens.make({ transferId: `${RUN_ID}.${n % 50}.${n}`, attempt: 1, outcome: 'succeeded' }, later),
);

function standardWebhooks(): Side {
  const webhook = new Webhook(Buffer.from('bench-secret-0123456789abcdef0123').toString('base64'));
  const messages = Array.from({ length: COUNT }, (_, n) => {
    const body = JSON.stringify({
      transferId: `${RUN_ID}.${n % 50}.${n}`,
      attempt: 1,
    });
    const headers = {
      'webhook-id': `msg_${n}`,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': webhook.sign(`msg_${n}`, now, body),
    };
    return { body, headers };
  });
  return {
    name: 'standardwebhooks verify',
    run: () =>
      rateOf(COUNT, (n) => {
        const message = messages[n];
        if (message) webhook.verify(message.body, message.headers);
      }),
  };
}

export function tokenCheck(): Comparison {
  return {
    metric: 'callback: token check alone',
    unit: 'checks/s',
    targets: [5],
    sides: [
      { name: 'waybill', run: () => rateOf(COUNT, (n) => tokens.verify(made[n] ?? '', now)) },
      standardWebhooks(),
    ],
  };
}

export async function tokenAndMerge(): Promise<
  Comparison & { readonly clean: () => Promise<void> }
> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-'));
  let file: SqliteFile | undefined;
  let round = 0;
  /** A ledger in which every transfer is submitted, as a callback finds it. */
  const prepare = async (): Promise<Ledger> => {
    await file?.close();
    round += 1;
    file = openSqliteFile(join(folder, `${round}.db`));
    const ledger = createSqliteLedger(file);
    // Healthy objects of a run that is known, as callbacks find them.
    await ledger.openRun({
      ...{ runId: RUN_ID, trigger: 'upload', operation: 'cos-offline-fetch' },
      createdAt: now,
    });
    const submitted = made.map((_, n) =>
      ledger.record(`${RUN_ID}.${n % 50}.${n}`, {
        state: 'submitted',
        attempt: 1,
        accepted: [`1:task${n}`],
        at: now,
        event: 'accepted',
      }),
    );
    await Promise.all(submitted);
    return ledger;
  };
  return {
    metric: 'callback: check and merge into SQLite',
    unit: 'callbacks/s',
    targets: [1],
    clean: async () => {
      await file?.close();
      rmSync(folder, { recursive: true });
    },
    sides: [
      {
        name: 'waybill, durable',
        async run() {
          const ledger = await prepare();
          const start = performance.now();
          // As many at once as a busy service has under way.
          for (let from = 0; from < COUNT; from += 200) {
            const batch = made.slice(from, from + 200).map((token) => {
              const { transferId, attempt, outcome } = tokens.verify(token, now);
              const fact = { state: outcome, attempt, accepted: [], at: now } as const;
              return ledger.record(transferId, { ...fact, event: 'callback' });
            });
            await Promise.all(batch);
          }
          return (COUNT * 1_000) / (performance.now() - start);
        },
      },
      standardWebhooks(),
    ],
  };
}
