/** Example responses about migrations for the OpenAPI document; a test checks each against its schema. */

const MIGRATION_ID = 'm6759d23a4de80fcca36eecc';

export const openedExample = { migrationId: MIGRATION_ID };

const [LIST, PILOT, MOVE] = [
  '0c3a6b8f1d2e4f5061728394',
  '1d4b7c9a2e3f506172839405',
  '56759d23a4de80fcca36eecc',
];

export const migrationExample = {
  migrationId: MIGRATION_ID,
  name: 's3://media/photos/',
  source: 's3://media/photos/',
  target: 'cos://ap-shanghai/examplebucket-1250000000/photos/',
  route: 'cos-fetch',
  options: { pilot: 20, audit: 'list', start: true, onKeyExist: 'ignore', stopAbove: 20 },
  state: 'moving',
  counts: {
    listed: 1_000_000,
    excluded: 12,
    bytes: 734_003_200_000,
    quarantined: 3,
    planned: 400_000,
    submitting: 4,
    submitted: 46,
    succeeded: 599_920,
    failed: 15,
    cancelled: 0,
  },
  excluded: [
    { reason: 'ARCHIVED', count: 10 },
    { reason: 'FOLDER_MARKER', count: 2 },
  ],
  rounds: [
    {
      kind: 'first',
      startedAt: '2026-11-20T02:00:00.000Z',
      listRunId: LIST,
      listed: 1_000_000,
      new: 999_988,
    },
  ],
  readiness: { verdict: 'NO-GO', reasons: ['The migration is moving, not completed.'] },
  runs: [LIST, PILOT, MOVE],
  roles: { [LIST]: 'list', [PILOT]: 'pilot', [MOVE]: 'move' },
  createdAt: '2026-11-20T02:00:00.000Z',
  closedAt: null,
};

export const summaryExample = {
  ...migrationExample,
  failures: [
    {
      provider: 'tencent',
      code: 'NotFound',
      class: 'source',
      message: 'the source answered 404',
      count: 15,
    },
  ],
};

export const goneExample = ['url,key', 's3://media/photos/old.jpg,photos/old.jpg', ''].join('\r\n');

export const planExample = {
  source: {
    address: 's3://media/photos/',
    kind: 's3',
    region: 'eu-central-1',
    access: 'public',
    signedSeconds: null,
  },
  target: {
    kind: 'cos',
    region: 'ap-shanghai',
    bucket: 'examplebucket-1250000000',
    prefix: 'photos/',
  },
  counts: {
    objects: 1000,
    bytes: 734003000,
    withoutSize: 0,
    keysTooLong: 0,
    keysThatResolve: 0,
    keysWithLeadingSlash: 0,
    keysNotForBatch: 0,
    appPackages: 0,
    httpsOnly: 0,
    sizes: [
      { upTo: 0, objects: 0, bytes: 0 },
      { upTo: 65536, objects: 0, bytes: 0 },
      { upTo: 1048576, objects: 1000, bytes: 734003000 },
      { upTo: 16777216, objects: 0, bytes: 0 },
      { upTo: 134217728, objects: 0, bytes: 0 },
      { upTo: 1073741824, objects: 0, bytes: 0 },
      { upTo: 5368709120, objects: 0, bytes: 0 },
      { upTo: 536870912000, objects: 0, bytes: 0 },
      { upTo: null, objects: 0, bytes: 0 },
    ],
  },
  excluded: [{ reason: 'ARCHIVED', count: 10 }],
  existing: null,
  routes: [
    {
      route: 'cos-fetch',
      form: 'objects',
      available: true,
      unavailable: null,
      objects: 1000,
      cannot: [],
      seconds: { from: 10, to: 16 },
      cost: {
        usd: 0.0678,
        isComplete: true,
        parts: [
          { what: "Waybill's functions on AWS", usd: 0.0012 },
          { what: 'traffic out of the source', usd: 0.0661 },
          { what: 'requests to the source, with its list', usd: 0.0004 },
          { what: 'requests to the target', usd: 0.0001 },
        ],
      },
      needs: [
        'A Tencent key pair (TENCENTCLOUD_SECRET_ID) of an account with offline fetch, which may be closed to new accounts.',
        'A target bucket whose policy lets the service cos.qcloud.com write.',
        'A callback address that Tencent can reach (WAYBILL_PUBLIC_URL).',
        'Objects that anyone may read over plain http.',
      ],
      losses: ['custom metadata', 'ACL', 'tags', 'older versions', 'storage class'],
      notes: [],
    },
  ],
  recommended: {
    route: 'cos-fetch',
    reason: 'COS downloads each object, and Waybill records each outcome.',
  },
  notes: ['10 objects are in an archive class. Restore them at the source first, then list again.'],
  pricesAsOf: '2026-11-29',
};
