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
