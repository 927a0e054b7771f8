/** Example responses for the OpenAPI document; a test checks each against its schema. */

const RUN_ID = '56759d23a4de80fcca36eecc';

const TRANSFER_ID = `${RUN_ID}.0.61`;

export const startedExample = { runId: RUN_ID };

export const MANIFEST_KEY = 'cos-fetch/ap-shanghai/examplebucket-1250000000/videos.csv';

export const runExample = {
  runId: RUN_ID,
  trigger: 'upload',
  operation: 'cos-offline-fetch',
  state: 'active',
  counts: {
    lines: 1_000,
    quarantined: 2,
    planned: 0,
    submitting: 4,
    submitted: 46,
    succeeded: 940,
    failed: 8,
    cancelled: 0,
    unread: 0,
  },
  progress: {
    bytes: 262_144,
    bytesTotal: 262_144,
    done: 948,
    total: 998,
    percent: 94,
    isEstimate: false,
  },
  source: {
    bucket: 'waybill-manifests',
    key: MANIFEST_KEY,
    etag: '9b2cf535f27731c974343645a3985328',
  },
  target: { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' },
  createdAt: '2026-11-20T02:00:00.000Z',
  closedAt: null,
};

export const transferExample = {
  transferId: TRANSFER_ID,
  runId: RUN_ID,
  operation: 'cos-offline-fetch',
  state: 'failed',
  attempt: 1,
  key: 'videos/a b.mp4',
  url: 'http://origin.example/a%20b.mp4',
  providerId: 'ca8c8d6c-2f64-4e4d-a7ab-0e4a1e1c2f2b',
  cause: {
    provider: 'tencent',
    code: 'NotFound',
    message: 'the source answered 404',
    requestId: 'NWE3YzgxZmFfYWZhYzM1MGFfMzc3MF9iOGY5OQ==',
    class: 'source',
  },
  updatedAt: '2026-11-20T02:00:07.000Z',
  history: [
    {
      at: '2026-11-20T02:00:05.000Z',
      attempt: 1,
      event: 'accepted',
      state: 'submitted',
      providerId: 'ca8c8d6c-2f64-4e4d-a7ab-0e4a1e1c2f2b',
    },
    {
      at: '2026-11-20T02:00:07.000Z',
      attempt: 1,
      event: 'callback',
      state: 'failed',
      code: 'NotFound',
    },
  ],
};

export const summaryExample = {
  runId: RUN_ID,
  operation: 'cos-offline-fetch',
  source: runExample.source,
  target: runExample.target,
  state: 'completed',
  createdAt: '2026-11-20T02:00:00.000Z',
  closedAt: '2026-11-20T02:00:31.000Z',
  counts: { ...runExample.counts, submitting: 0, submitted: 0, succeeded: 990 },
  coverage: {
    bytes: 262_144,
    bytesTotal: 262_144,
    percent: 100,
    shards: 1,
    header: 1,
    blank: 0,
    transfers: 998,
  },
  failures: [
    {
      provider: 'tencent',
      code: 'NotFound',
      class: 'source',
      message: 'the source answered 404',
      count: 8,
    },
  ],
  warnings: { KEY_REPEATED: 1 },
  reports: [
    {
      name: 'failed.csv',
      sizeBytes: 1_244,
      sha256: '0f343b0931126a20f133d67c2b018a3b5fdc3a6d6a0a1c1bd1a1ee9bd3a0f8a2',
    },
  ],
};

export const failedExample = [
  'url,key,md5,attempts,class,code,message,requestId,transferId,state',
  `http://origin.example/a%20b.mp4,videos/a b.mp4,,1,source,NotFound,the source answered 404,,${TRANSFER_ID},failed`,
  '',
].join('\r\n');

export const rejectedExample = [
  'line,byteOffset,reason,message,fix,text',
  '124,8113,URL_HTTPS,Source is https,http://a.example/x,"https://a.example/x,x,"',
  '',
].join('\r\n');

export const restExample = ['url,key,md5', 'http://origin.example/c.mp4,videos/c.mp4,', ''].join(
  '\r\n',
);

export const healthExample = {
  providers: [
    {
      api: 'cos-fetch',
      provider: 'tencent',
      state: 'throttled',
      since: '2026-11-20T02:00:12.000Z',
      okAt: '2026-11-20T02:00:00.000Z',
      throttled: {
        at: '2026-11-20T02:00:12.000Z',
        code: 'SlowDown',
        message: 'Please reduce your request rate.',
        requestId: 'NWE3YzgxZmFfYWZhYzM1MGFfMzc3MF9iOGY5OQ==',
      },
    },
  ],
};

export const paceExample = {
  pace: 'Asia/Shanghai 22:00-06:00 400/s, 50/s',
  configured: null,
  perSecond: 400,
  until: '2026-11-20T22:00:00.000Z',
  changedAt: '2026-11-20T15:12:00.000Z',
};

export const auditLogExample = {
  entries: [
    {
      at: '2026-11-20T15:12:00.000Z',
      token: 'night-shift',
      request: 'PUT /pace',
      id: null,
      detail: '{"pace":"Asia/Shanghai 22:00-06:00 400/s, 50/s"}',
    },
    {
      at: '2026-11-20T08:00:00.000Z',
      token: null,
      request: 'POST /runs/0b54f9f1c1a84d0cb7a7e2d1/cancel',
      id: '0b54f9f1c1a84d0cb7a7e2d1',
      detail: null,
    },
  ],
  nextCursor: null,
};

export const sourcesExample = {
  sources: [
    {
      name: 'media',
      kind: 's3',
      bucket: 'media',
      region: 'eu-central-1',
      address: 's3://media/',
      access: 'signed',
      credentials: 'aws-reader',
      presignSeconds: 86_400,
    },
  ],
};
