/** Example responses about audits and certificates; a test checks each against its schema. */
import { startedExample } from './examples.ts';

const MANIFEST = 'url,key,md5,size,etag,crc64,modified';

const LINE = 's3://media/videos/a.mp4,videos/a.mp4,,1048576,,11051210869376104954,';

export const missingExample = `${MANIFEST}\r\n${LINE}\r\n`;

export const differentExample = `${MANIFEST},compared,atSource,atTarget,hint,sameAgain\r\n${LINE},size,1048576,1048575,,\r\n`;

export const undecidedExample = `${MANIFEST},compared,atSource,atTarget,hint\r\ns3://media/videos/b.mp4,videos/b.mp4,,,,,,,,,no size in the list\r\n`;

export const extraExample =
  'key,size,etag,modified\r\nvideos/z.mp4,9,25f9e794323b453885f5181f1b624d0b,2026-11-20T08:00:00Z\r\n';

const KEY_ID = '3b1f0c6f0a5d4e21';

export const certificateKeysExample = {
  keys: [
    {
      keyId: KEY_ID,
      algorithm: 'Ed25519',
      publicKey:
        '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n',
    },
  ],
};

const SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const file = (name: string) => ({ name, sizeBytes: 1_024, sha256: SHA256 });

export const certificateExample = {
  type: 'waybill-certificate',
  version: 1,
  issuedAt: '2026-11-20T08:00:00.000Z',
  audit: { ...startedExample, level: 'head' },
  source: {
    kind: 'list',
    ...startedExample,
    lines: 1_000_000,
    leftOut: {},
    repeated: 0,
    objects: 1_000_000,
    bytes: '1048576000000',
    withoutSize: 0,
    files: [file('lists/7f0c1d2e3b4a59687f0c1d2e/000001-1a2b3c4d.csv')],
  },
  target: {
    address: 'cos://ap-shanghai/examplebucket-1250000000/',
    prefix: 'photos/',
    objects: 999_993,
    bytes: '1048568659968',
    folderMarkers: 0,
  },
  verdicts: { proved: 999_213, plausible: 780, undecided: 0, different: 0, missing: 7, extra: 0 },
  proofs: { crc64: 999_000, md5: 213, empty: 0 },
  requests: { targetLists: 1_000, targetHeads: 780, sourceHeads: 0 },
  reports: ['missing.csv', 'different.csv', 'undecided.csv', 'extra.csv'].map(file),
  verdict: 'NO-GO',
  reasons: ['7 objects are missing at the target.'],
  signature: { algorithm: 'Ed25519', keyId: KEY_ID, value: `${'A'.repeat(86)}==` },
};
