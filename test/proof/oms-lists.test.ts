/** Three million lines become two list files, whatever goes wrong on the way, and each object is accounted for. */
import { expect, it } from 'vitest';
import { createCreations } from '../../shared/runs/oms/creations.ts';
import { FOREVER, PLACE, setupCreations } from '../fixtures/creations.ts';
import { REGION } from '../fixtures/nights.ts';

const LINES = 3_000_000;

async function* manifest() {
  yield 'url,key,size\n';
  for (let at = 0; at < LINES; at += 10_000) {
    let text = '';
    for (let line = at; line < at + 10_000; line += 1)
      text += `http://a.example/${line},${line},1\n`;
    yield text;
  }
}

it.each(['task', 'group'] as const)(
  '3,000,000 lines as %s: none lost, nothing created twice',
  async (makes) => {
    // One in a hundred fails the first time.
    let isFirst = true;
    const made = await setupCreations({
      runMs: 10,
      timeoutMs: 60_000,
      quotas: { created: 2 },
      source: ({ key }) =>
        isFirst && Number(key) % 100 === 7 ? 'UPLOAD_DST_OBJ_FAILURE' : undefined,
    });
    const { clock, creations, deps, huawei, ledger, night, objects, rules, summaryOf, sweepAll } =
      made;
    const { etag, key } = await objects.put(`oms-lists/${REGION}/target/l.csv`, manifest());
    const list = { key, etag, bucket: 'target' };
    const order = { project: PLACE, makes, list, order: { dstNode: { bucket: 'target' } } };
    await creations.open({ runId: 'r1', trigger: 'upload' }, order);

    // Killed while the second file is written.
    let writes = 0;
    const killed = createCreations({
      ...deps,
      lists: {
        ...deps.lists,
        write(place, content, keys) {
          writes += 1;
          if (writes === 2) throw new Error('killed');
          return deps.lists.write(place, content, keys);
        },
      },
    });
    await expect(killed.work('r1', FOREVER)).rejects.toThrow('killed');

    // Answers to create are lost; what was taken is found.
    rules.set([{ api: 'oms-create', kind: 'reset-after' }]);
    while ((await creations.work('r1', FOREVER)) !== 'ended') {
      clock.at = new Date(clock.at.getTime() + 120_000);
    }
    rules.set([]);
    const files = [...huawei.obs.paths()].filter((path) => path.includes('waybill/lists/'));
    expect(files).toEqual(['target/waybill/lists/r1/0001.txt', 'target/waybill/lists/r1/0002.txt']);
    const created = makes === 'task' ? [0, 1] : [0];
    expect(huawei.stats().created).toEqual(created.map((line) => `[waybill:r1.0.${line}]`));

    const isOpen = () => [...huawei.tasks.all()].some(({ status }) => status === 1 || status === 2);
    const settle = async () => {
      while (isOpen()) await new Promise((done) => setTimeout(done, 50));
      clock.at = new Date(clock.at.getTime() + 120_000);
      await sweepAll();
    };
    await settle();
    const sumOf = async (runId: string) => {
      const rows = await ledger.transfersOf(runId, 0, ['failed', 'succeeded']);
      return rows.reduce(
        (sum, { progress }) => ({
          objects: sum.objects + (progress?.objects ?? 0),
          failed: sum.failed + (progress?.objectsFailed ?? 0),
        }),
        { objects: 0, failed: 0 },
      );
    };
    expect(await sumOf('r1')).toEqual({ objects: LINES - LINES / 100, failed: LINES / 100 });
    let listed = 0;
    for await (const part of objects.read('reports/r1/failed.csv')) {
      for (const byte of part) if (byte === 10) listed += 1;
    }
    expect(listed).toBeGreaterThanOrEqual(LINES / 100);
    expect(await summaryOf('r1')).toMatchObject({ state: 'completed' });

    isFirst = false;
    await night({ 'detail-type': 'Scheduled Event', time: clock.at.toISOString() });
    await settle();
    expect([...huawei.tasks.all()].every(({ status }) => status === 5)).toBe(true);
    expect(huawei.stats().created).toHaveLength(created.length);
  },
);
