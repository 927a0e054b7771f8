/** Room for tasks in a region of OMS, as the lists of the provider show it. */
import { expect, it } from 'vitest';
import { freeSlots } from '../../../../../shared/runs/oms/free-slots.ts';
import { PROJECT, REGION, setupNights } from '../../../../fixtures/nights.ts';

const OTHER = 'fedcba9876543210fedcba9876543210';
const place = { region: REGION, projectId: PROJECT } as const;
const occupantsOf = (...projectIds: readonly string[]) =>
  projectIds.flatMap((projectId) => {
    const project = { region: REGION, projectId, credentials: 'default' };
    return [{ project, version: 'v1' } as const, { project, version: 'v2' } as const];
  });

it('G8: shrinks with each task that runs or waits, of either version and of any project', async () => {
  const { huawei, open } = await setupNights({
    otherProjects: [OTHER],
    env: { WAYBILL_OMS_PROJECTS: `${REGION}/${OTHER}` },
  });
  const free = (...projectIds: readonly string[]) =>
    freeSlots(occupantsOf(...projectIds), { open, running: 5 });
  expect(await free(PROJECT, OTHER)).toBe(5);
  huawei.tasks.add({ ...place, apiVersion: 'v1', status: 2 });
  expect(await free(PROJECT, OTHER)).toBe(4);
  huawei.tasks.add({ ...place, apiVersion: 'v2', status: 1 });
  expect(await free(PROJECT, OTHER)).toBe(3);
  huawei.tasks.add({ ...place, projectId: OTHER, apiVersion: 'v2', status: 2 });
  expect(await free(PROJECT, OTHER)).toBe(2);
  for (const status of [3, 4, 5, 7]) huawei.tasks.add({ ...place, apiVersion: 'v2', status });
  expect(await free(PROJECT, OTHER)).toBe(2);
  for (let more = 0; more < 9; more += 1) {
    huawei.tasks.add({ ...place, apiVersion: 'v1', status: 1 });
  }
  expect(await free(PROJECT, OTHER)).toBe(0);
});

it('G8: counts what the provider counts, not what fits on a page', async () => {
  const { huawei, open } = await setupNights();
  for (let at = 0; at < 150; at += 1) huawei.tasks.add({ ...place, apiVersion: 'v2', status: 2 });
  expect(await freeSlots(occupantsOf(PROJECT), { open, running: 200 })).toBe(50);
});
