import { describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../../../../simulator/main.ts';
import { sample, setup } from './setup.ts';

describe('faults of Batch', () => {
  const rule = (api: string, kind: string, key: string) =>
    [{ api, kind, key, nth: [1] }] as unknown as NonNullable<SimulatorOptions['faults']>;
  it.each([
    ['slow-down', 503, 'SlowDown', 0],
    ['internal-error', 500, 'InternalError', 0],
    ['gateway-timeout', 504, '<html>', 1],
    ['empty', 200, '', 1],
    ['odd-shape', 200, '<CreateJobResult>\n<JobId>', 1],
  ])('%s strikes a creation by its description', async (kind, status, text, taken) => {
    const faults = rule('batch-create', kind, '^a & b$');
    const { create, simulator } = await setup({ faults });
    const answer = await create(sample().replace('example-job', 'a &amp; b'));
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
    expect(simulator.stats()).toMatchObject({
      batchJobs: taken,
      faults: { [`batch-create ${kind}`]: 1 },
    });
    expect((await create(sample('other'))).status).toBe(200);
  });

  it('loses an answer, whose job is found in the list', async () => {
    const faults = rule('batch-create', 'reset-after', 'example');
    const { create, call } = await setup({ faults });
    await expect(create(sample())).rejects.toMatchObject({ sent: 'unknown' });
    expect((await call({})).body).toContain('<Description>example-job</Description>');
    expect((await create(sample())).body).toContain('Duplicate request');
  });

  it('strikes reads and updates by job id', async () => {
    const { simulator, take, call, update } = await setup();
    const [one, two] = [await take(sample('a')), await take(sample('b'))];
    simulator.setFaults([
      { api: 'batch-read', kind: 'slow-down', key: two },
      { api: 'batch-update', kind: 'bad-gateway', key: one },
    ]);
    expect((await call({ path: `/jobs/${one}` })).status).toBe(200);
    expect((await call({ path: `/jobs/${two}` })).status).toBe(503);
    expect((await update(one, 'priority', [['priority', '1']])).status).toBe(502);
    expect(simulator.batchJobs()[0]?.priority).toBe(1);
    expect((await update(two, 'priority', [['priority', '2']])).status).toBe(200);
  });
});
