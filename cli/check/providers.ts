/** Checks keys and targets at the providers, with calls that change nothing. */
import type { Env } from '../../shared/lib/env.ts';
import type { Log } from '../../shared/lib/log.ts';
import type { CredentialBreaker } from '../../shared/limits/ports.ts';
import type { TargetAddress } from '../../shared/manifest/target-address.ts';
import { connectOms } from '../../shared/providers/huawei/oms/connect.ts';
import { huaweiConfig } from '../../shared/wiring/config/functions.ts';
import { openCredentials } from '../../shared/wiring/documents.ts';
import { askFetch, listTarget } from '../../shared/wiring/targets.ts';
import { type CheckLine, explainFailure } from './line.ts';

/** A target: its bucket, and for COS the service that downloads into it. */
export async function* checkTarget(
  env: Env,
  target: TargetAddress,
  log: Log,
): AsyncGenerator<CheckLine> {
  const name = `${target.kind}://${target.region}/${target.bucket}`;
  const listed = await found(async () => {
    for await (const _ of listTarget(env, { ...target, prefix: '' }, log)) break;
    return 'can be listed with its keys.';
  });
  yield { part: 'target', name, ...listed };
  // A key that is wrong would be refused twice.
  if (target.kind !== 'cos' || listed.state !== 'ok') return;
  const asked = await found(async () => {
    await askFetch(env, target, log);
    return 'answers in the region of the target. Whether it may write there, the pilot shows.';
  });
  yield { part: 'tencent', name: `offline fetch in ${target.region}`, ...asked };
}

/** Every project whose tasks the service looks after. */
export async function* checkProjects(env: Env): AsyncGenerator<CheckLine> {
  const config = huaweiConfig(env);
  const sets = await openCredentials(config.sets);
  const open = connectOms({ config, sets, openBreaker: () => UNGUARDED });
  const refused = new Set<string>();
  for (const { region, projectId, credentials } of config.projects) {
    const name = `${region}/${projectId}`;
    // Five bad checks lock a key.
    if (refused.has(credentials)) {
      const message = `not checked, because the keys of set "${credentials}" failed before.`;
      yield { part: 'huawei', name, state: 'skipped', message };
      continue;
    }
    const asked = await found(async () => {
      const { run, v2 } = await open({ region, projectId, credentials });
      await run(() => v2.listTasks({ offset: 0, limit: 1 }));
      return 'OMS lists its tasks.';
    });
    if (asked.state === 'fault') refused.add(credentials);
    yield { part: 'huawei', name, ...asked };
  }
}

/** One call each: nothing to slow down, and nothing to count. */
export const UNGUARDED: CredentialBreaker = {
  run: async (request, { before } = {}) => {
    await before?.();
    return request();
  },
};

async function found(check: () => Promise<string>): Promise<Pick<CheckLine, 'state' | 'message'>> {
  try {
    return { state: 'ok', message: await check() };
  } catch (error) {
    return { state: 'fault', message: explainFailure(error) };
  }
}
