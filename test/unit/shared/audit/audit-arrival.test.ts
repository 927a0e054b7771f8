/** Whole audits on targets of the simulator: planted faults, kills at every moment, levels and reports. */

import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAudits } from '../../../../shared/audit/audit-arrival.ts';
import { openAudit } from '../../../../shared/audit/open.ts';
import { foundManifest } from '../../../../shared/audit/resend.ts';
import { type AuditOrder, readAudit } from '../../../../shared/audit/state.ts';
import type { AuditOptions } from '../../../../shared/audit/work.ts';
import { splitCsvLine } from '../../../../shared/lib/csv.ts';
import { StoreError } from '../../../../shared/lib/errors.ts';
import type { SourceConfig } from '../../../../shared/manifest/sources/config.ts';
import { createSources } from '../../../../shared/manifest/sources/sources.ts';
import { auditPrefix, reportKey } from '../../../../shared/stores/layout.ts';
import type { Objects } from '../../../../shared/stores/objects.ts';
import { DEFAULT_OMS_KEYS } from '../../../../simulator/huawei/simulator.ts';
import { startSimulator } from '../../../../simulator/main.ts';
import { setsOf } from '../../../fixtures/credential-sets.ts';
import { silentLog } from '../../../fixtures/log.ts';
import {
  createPut,
  openTargetIn,
  plant,
  TARGETS,
  type TargetKind,
} from '../../../fixtures/planted.ts';
import { startS3Peer } from '../../../fixtures/s3-peer.ts';
import { openStores, type Stores } from '../../../fixtures/stores.ts';

const NEVER = new Date('2100-01-01T00:00:00Z');
const KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/all.csv';
const RUN = { runId: 'a1', trigger: 'http' } as const;
const SMALL = { chunkChars: 60_000, partChars: 2_000, batch: 100 };

const noSources = createSources({ configs: () => [], sets: setsOf({}), log: silentLog });

async function startWith(text: string) {
  const simulator = await startSimulator({ huawei: true });
  onTestFinished(() => simulator.close());
  const stores = openStores();
  await stores.objects.put(KEY, text);
  const options: AuditOptions = {
    ledger: stores.ledger,
    objects: stores.objects,
    sources: noSources,
    openTarget: openTargetIn(simulator),
    log: silentLog,
    now: () => new Date(),
    sizes: SMALL,
  };
  return { simulator, stores, options };
}

const orderOf = (kind: TargetKind, more: Partial<AuditOrder> = {}): AuditOrder => ({
  of: { kind: 'manifest', key: KEY },
  target: TARGETS[kind],
  prefix: 'photos/',
  level: 'head',
  ...more,
});

const textOf = async (objects: Objects, key: string): Promise<string> =>
  Buffer.concat(await Array.fromAsync(objects.read(key))).toString('utf8');

/** Rows of a report, as columns of its header. */
async function rowsOf(objects: Objects, name: 'missing' | 'different' | 'undecided' | 'extra') {
  const text = await textOf(objects, reportKey(RUN.runId, `${name}.csv`));
  const [header = [], ...rows] = text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => splitCsvLine(line) as readonly string[]);
  return rows.map((cells) => Object.fromEntries(header.map((title, at) => [title, cells[at]])));
}

const keysOf = async (objects: Objects, name: Parameters<typeof rowsOf>[1]) =>
  (await rowsOf(objects, name)).map(({ key }) => key as string).sort();

const verdictsOf = async ({ ledger }: Stores) => (await readAudit(ledger, RUN.runId))?.state;

describe.each(['cos', 'obs'] as const)('an audit of a target at %s', (kind) => {
  it('G13: finds each planted fault with its verdict, and no difference that is none', async () => {
    const { simulator, stores, options } = await startWith('');
    const { text, faults } = plant(simulator, kind, { objects: 5_000, each: 50 });
    await stores.objects.put(KEY, text);
    const audits = createAudits(options);
    await openAudit(RUN, orderOf(kind), options);
    expect(await audits.work(RUN.runId, NEVER)).toBe('ended');

    const { missing, truncated, otherBytes, extra } = faults;
    expect(await keysOf(stores.objects, 'missing')).toEqual([...missing].sort());
    expect(await keysOf(stores.objects, 'extra')).toEqual([...extra].sort());
    expect(await keysOf(stores.objects, 'different')).toEqual([...truncated, ...otherBytes].sort());
    expect(await keysOf(stores.objects, 'undecided')).toEqual([]);
    const rows = await rowsOf(stores.objects, 'different');
    const by = (keys: readonly string[]) =>
      new Set(rows.filter(({ key }) => keys.includes(key ?? '')).map(({ compared }) => compared));
    expect(by(truncated)).toEqual(new Set(['size']));
    expect(by(otherBytes)).toEqual(new Set(['crc64']));

    const state = await verdictsOf(stores);
    expect(state?.verdicts).toEqual({
      proved: 5_000 - 150,
      plausible: 0,
      undecided: 0,
      different: 100,
      missing: 50,
      extra: 50,
    });
    // One request for a thousand keys, and a HEAD for each object that the lists left open.
    const { requests, proofs } = state as NonNullable<typeof state>;
    expect(requests.targetLists).toBe(5);
    expect(requests.targetHeads).toBe(proofs.crc64 + otherBytes.length);
    expect(requests.sourceHeads).toBe(0);
    expect(await stores.ledger.run(RUN.runId)).toMatchObject({
      operation: 'audit-arrival',
      state: 'active',
      plan: { totals: { lines: 5_000 } },
    });
    expect(await Array.fromAsync(stores.objects.list(auditPrefix(RUN.runId)))).toEqual([]);
  });
});

/** Stores of a worker that dies at its n-th write: before the write is made, or just after. */
function dying({ ledger, objects }: Stores, at: number, when: 'before' | 'after') {
  let writes = 0;
  const mortal =
    <Given extends unknown[], Result>(write: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      writes += 1;
      if (writes < at) return write(...given);
      if (writes === at && when === 'after') await write(...given);
      throw new StoreError('killed');
    };
  return {
    ledger: {
      ...ledger,
      swapNote: mortal(ledger.swapNote),
      activateRun: mortal(ledger.activateRun),
    },
    objects: { ...objects, put: mortal(objects.put), remove: mortal(objects.remove) },
  };
}

describe('G3: a worker that dies', () => {
  it.each([
    ['before', 'list'],
    ['after', 'list'],
    ['before', 'head'],
    ['after', 'head'],
  ] as const)(
    '%s any of its writes loses nothing and counts nothing twice, at level %s',
    async (when, level) => {
      const { simulator, stores, options } = await startWith('');
      const { text, faults } = plant(simulator, 'cos', { objects: 150, each: 5 });
      await stores.objects.put(KEY, text);
      const sizes = { chunkChars: 9_000, partChars: 900, batch: 20 };
      await openAudit(RUN, orderOf('cos', { level }), options);
      let deaths = 0;
      for (let at = 1; ; at += 1) {
        // Every worker dies a write later than the one before, so that each write is the last of some.
        const mortal = dying(stores, 1 + (at % 7), when);
        const audits = createAudits({ ...options, ...mortal, sizes });
        const ended = await audits.work(RUN.runId, NEVER).then(
          (outcome) => outcome === 'ended',
          () => false,
        );
        if (ended) break;
        deaths += 1;
        expect(deaths).toBeLessThan(500);
      }
      expect(deaths).toBeGreaterThan(10);
      const state = await verdictsOf(stores);
      const { verdicts } = state as NonNullable<typeof state>;
      expect(Object.values(verdicts).reduce((sum, count) => sum + count, 0)).toBe(150 + 5);
      expect(verdicts).toMatchObject({ missing: 5, extra: 5 });
      expect(await keysOf(stores.objects, 'missing')).toEqual([...faults.missing].sort());
      expect(await keysOf(stores.objects, 'extra')).toEqual([...faults.extra].sort());
      const different = await keysOf(stores.objects, 'different');
      const expected =
        level === 'head' ? [...faults.truncated, ...faults.otherBytes] : faults.truncated;
      for (const key of expected) expect(different).toContain(key);
      expect(different.length).toBe(verdicts.different);
      expect((await keysOf(stores.objects, 'undecided')).length).toBe(verdicts.undecided);
    },
  );

  it('is followed by one that goes on when its time is over after every checkpoint', async () => {
    const { simulator, stores, options } = await startWith('');
    const { text } = plant(simulator, 'cos', { objects: 300, each: 10 });
    await stores.objects.put(KEY, text);
    const audits = createAudits(options);
    await openAudit(RUN, orderOf('cos'), options);
    let calls = 0;
    while ((await audits.work(RUN.runId, new Date(0))) === 'late') calls += 1;
    expect(calls).toBeGreaterThan(5);
    expect((await verdictsOf(stores))?.verdicts).toMatchObject({
      missing: 10,
      different: 20,
      extra: 10,
    });
  });
});

const LINE = (key: string, more = '') => `s3://media/${key},${key},9${more}`;

describe('an audit', () => {
  const digits = Buffer.from('123456789');

  it('tells at level list what a HEAD could still decide, and asks nothing', async () => {
    const etag = '14738d6078663afd93503979bc0ddf25-2';
    const { simulator, stores, options } = await startWith(
      `url,key,size,etag,crc64\n${LINE('photos/a', `,${etag},11051210869376104954`)}\n`,
    );
    createPut(simulator, 'cos')('photos/a', digits);
    const audits = createAudits(options);
    await openAudit(RUN, orderOf('cos', { level: 'list' }), options);
    await audits.work(RUN.runId, NEVER);
    const state = await verdictsOf(stores);
    expect(state?.verdicts).toMatchObject({ undecided: 1, different: 0 });
    expect(state?.requests).toEqual({ targetLists: 1, targetHeads: 0, sourceHeads: 0 });
    expect(await rowsOf(stores.objects, 'undecided')).toMatchObject([
      { url: 's3://media/photos/a', key: 'photos/a', size: '9', crc64: '11051210869376104954' },
    ]);
  });

  it('asks a configured source for the checksum that its list lacks', async () => {
    const { simulator, stores, options } = await startWith('');
    const huawei = simulator.huawei as NonNullable<typeof simulator.huawei>;
    const source: SourceConfig = {
      name: 'media',
      kind: 'obs',
      bucket: 'sourcebucket',
      region: 'cn-north-4',
      endpoint: huawei.obsUrl,
      addressing: 'path',
      credentials: 'reader',
    };
    const { ak, sk } = DEFAULT_OMS_KEYS.destination;
    const reader = { accessKeyId: ak, secretAccessKey: sk };
    const sources = createSources({
      configs: () => [source],
      sets: setsOf({ reader }),
      log: silentLog,
    });
    const lines = ['photos/a', 'photos/b', 'photos/gone'].map(
      (key) => `obs://sourcebucket/${key},${key},9,14738d6078663afd93503979bc0ddf25-2`,
    );
    await stores.objects.put(KEY, `url,key,size,etag\n${lines.join('\n')}\n`);
    for (const key of ['photos/a', 'photos/b']) {
      huawei.obs.put('sourcebucket', key, digits, { partBytes: 5 });
    }
    const put = createPut(simulator, 'cos');
    put('photos/a', digits);
    put('photos/b', Buffer.from('123456780'));
    put('photos/gone', digits);
    const audits = createAudits({ ...options, sources });
    await openAudit(RUN, orderOf('cos'), options);
    await audits.work(RUN.runId, NEVER);
    const state = await verdictsOf(stores);
    expect(state?.verdicts).toMatchObject({ proved: 1, different: 1, plausible: 1 });
    expect(state?.requests).toMatchObject({ targetHeads: 3, sourceHeads: 3 });
  });

  it('reads a packed manifest in JSON Lines, and counts a repeated key once', async () => {
    const lines = ['photos/a', 'photos/b', 'photos/a', 'music/c'].map((key, at) =>
      JSON.stringify({ url: `s3://media/${key}`, key, size: at === 0 ? '1' : '9' }),
    );
    const { simulator, stores, options } = await startWith('');
    const key = 'cos-fetch/ap-shanghai/examplebucket-1250000000/all.jsonl.gz';
    await stores.objects.put(key, gzipSync(`${lines.join('\n')}\nnot a line\n`));
    for (const name of ['photos/a', 'photos/b']) createPut(simulator, 'cos')(name, digits);
    const audits = createAudits(options);
    const of = { kind: 'manifest', key } as const;
    await openAudit(RUN, orderOf('cos', { of, level: 'list' }), options);
    await audits.work(RUN.runId, NEVER);
    expect(await verdictsOf(stores)).toMatchObject({
      // Of a repeated key the last line counts.
      verdicts: { plausible: 2, different: 0, missing: 0 },
      source: { lines: 5, objects: 3, leftOut: { OUTSIDE_PREFIX: 1, JSON_INVALID: 1 } },
    });
  });

  it('A08: asks a source why the target is larger, and offers no retry as the cure', async () => {
    const { simulator, stores, options } = await startWith('');
    const { place } = await startS3Peer(() => ({
      headers: { 'content-length': '5', 'content-encoding': 'gzip', etag: '"x"' },
    }));
    const { region, endpoint, keys } = place.config;
    const source: SourceConfig = {
      ...{ name: 'media', kind: 's3-compatible', bucket: place.bucket, region, endpoint },
      credentials: 'reader',
    };
    const sets = setsOf({ reader: keys });
    const sources = createSources({ configs: () => [source], sets, log: silentLog });
    const url = `s3://${place.bucket}/photos/a`;
    await stores.objects.put(KEY, `url,key,size\n${url},photos/a,5\n`);
    createPut(simulator, 'cos')('photos/a', digits);
    await openAudit(RUN, orderOf('cos'), options);
    await createAudits({ ...options, sources }).work(RUN.runId, NEVER);
    expect(await rowsOf(stores.objects, 'different')).toMatchObject([
      {
        key: 'photos/a',
        compared: 'size',
        hint: expect.stringMatching(/Content-Encoding: gzip/),
        sameAgain: 'yes',
      },
    ]);
    const again = await Array.fromAsync(foundManifest(stores.objects, RUN.runId, () => {}));
    expect(again).toHaveLength(1);
  });

  it('looks below what all keys begin with, where nobody says where to look', async () => {
    const { simulator, stores, options } = await startWith(
      `url,key,size\n${LINE('photos/new/a')}\n${LINE('photos/new/b')}\n`,
    );
    const put = createPut(simulator, 'cos');
    for (const key of ['photos/new/a', 'photos/new/c', 'photos/old/1', 'z']) put(key, digits);
    const { prefix: _, ...order } = orderOf('cos', { level: 'list' });
    const audits = createAudits(options);
    await openAudit(RUN, order, options);
    await audits.work(RUN.runId, NEVER);
    expect(await keysOf(stores.objects, 'missing')).toEqual(['photos/new/b']);
    expect(await keysOf(stores.objects, 'extra')).toEqual(['photos/new/c']);
  });

  it('takes no marker of a folder for something extra', async () => {
    const { simulator, stores, options } = await startWith(`url,key,size\n${LINE('photos/a')}\n`);
    const put = createPut(simulator, 'cos');
    put('photos/a', digits);
    put('photos/', Buffer.alloc(0));
    put('photos/new/', Buffer.alloc(0));
    const audits = createAudits(options);
    await openAudit(RUN, orderOf('cos', { level: 'list' }), options);
    await audits.work(RUN.runId, NEVER);
    expect(await verdictsOf(stores)).toMatchObject({
      verdicts: { plausible: 1, extra: 0 },
      folderMarkers: 2,
    });
  });

  it('G13: A10: keeps an object without size and checksum undecided, with the reason', async () => {
    const { simulator, stores, options } = await startWith(
      'url,key\ns3://media/photos/a,photos/a\n',
    );
    createPut(simulator, 'cos')('photos/a', digits);
    const audits = createAudits(options);
    await openAudit(RUN, orderOf('cos'), options);
    await audits.work(RUN.runId, NEVER);
    expect(await rowsOf(stores.objects, 'undecided')).toMatchObject([
      { key: 'photos/a', hint: 'no size in the list' },
    ]);
  });

  it('G10: fails where the manifest is another one, and writes no report', async () => {
    const { stores, options } = await startWith('url,key\ns3://media/photos/a,photos/a\n');
    const audits = createAudits(options);
    await openAudit(
      RUN,
      orderOf('cos', { of: { kind: 'manifest', key: KEY, etag: 'other' } }),
      options,
    );
    expect(await audits.work(RUN.runId, NEVER)).toBe('ended');
    expect(await stores.ledger.run(RUN.runId)).toMatchObject({
      state: 'failed',
      error: { code: 'MANIFEST_CHANGED' },
    });
    expect(await stores.objects.head(reportKey(RUN.runId, 'missing.csv'))).toBeUndefined();
  });
});
