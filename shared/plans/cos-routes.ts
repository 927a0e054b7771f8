/** The routes into COS: offline fetch of URLs, and Batch copies within COS. */
import { barsAppPackages, FLOOR_MS } from '../manifest/sources/sources.ts';
import { TARGET_KEY_BYTES } from '../manifest/target-address.ts';
import { BATCH_MAX_BYTES, countAbove } from './counts.ts';
import { type Facts, present, type RouteRule, spoken } from './route.ts';
import { accessOf } from './source.ts';

export const cosFetch: RouteRule = {
  route: 'cos-fetch',
  impossible: ({ target, counts, allowHttps }) => {
    if (target.kind !== 'cos') return 'COS fetch writes to COS only.';
    if (allowHttps || counts.objects === 0 || counts.httpsOnly < counts.objects) return undefined;
    return 'COS downloads over http only, and every URL of the list is https.';
  },
  cannot: ({ counts, source, allowHttps }) =>
    present([
      {
        reason: 'URL_HTTPS',
        count: allowHttps ? 0 : counts.httpsOnly,
        message: 'COS downloads over http only. Use http URLs or a CDN.',
      },
      {
        reason: 'URL_SOURCE_DOMAIN',
        count: needsDomain(source) ? counts.appPackages : 0,
        message:
          'The store serves .apk and .ipa through a custom domain only. Set publicUrl of the source.',
      },
      {
        reason: 'KEY_TOO_LONG',
        count: counts.keysTooLong,
        message: `The key at the target has more than ${TARGET_KEY_BYTES.cos} bytes.`,
      },
      {
        reason: 'KEY_DOTS',
        count: counts.keysThatResolve,
        message: 'The key resolves to a different key, or to the bucket itself.',
      },
    ]),
  form: () => 'objects',
  needs: ({ source }) => [
    'A Tencent key pair (TENCENTCLOUD_SECRET_ID) of an account with offline fetch, which may be closed to new accounts.',
    'A target bucket whose policy lets the service cos.qcloud.com write.',
    'A callback address that Tencent can reach (WAYBILL_PUBLIC_URL).',
    sourceNeed(source),
  ],
  losses: ['custom metadata', 'ACL', 'tags', 'older versions', 'storage class'],
  notes: signedNotes,
  speed: 'cos-fetch',
  requests: { sourceReads: 1, targetReads: 0, targetWrites: 1 },
};

const needsDomain = ({ kind, publicUrl }: Facts['source']): boolean =>
  kind !== 'urls' && barsAppPackages({ kind, ...(publicUrl !== undefined && { publicUrl }) });

function sourceNeed(source: Facts['source']): string {
  switch (accessOf(source)) {
    case 'urls':
      return 'URLs that Tencent can download without keys.';
    case 'publicUrl':
      return `Objects that anyone may read at ${source.publicUrl}.`;
    case 'public':
      return 'Objects that anyone may read over plain http.';
    case 'signed':
      return `Keys that may read the objects (credential set "${source.credentials}"), and a bucket that accepts plain http.`;
  }
}

/** Of a source whose addresses are signed when they are sent. */
function signedNotes({ source, now }: Facts, seconds: number): readonly string[] {
  const { life, credentials } = source;
  if (accessOf(source) !== 'signed' || !life) return [];
  const { keysEndAt, areTemporary } = life;
  const leftMs = (keysEndAt?.getTime() ?? Number.POSITIVE_INFINITY) - now.getTime();
  const notes = [
    "Tencent's manual doesn't support signed source URLs. The pilot shows whether they work.",
    life.endsWithKeys
      ? `Signed addresses last ${spoken(life.seconds)}: the keys of set "${credentials}" end at ${keysEndAt?.toISOString()}.`
      : `Signed addresses last ${spoken(life.seconds)} (presignSeconds).`,
  ];
  if (leftMs < FLOOR_MS) {
    notes.push('Less than 15 minutes are left, so nothing is sent until you renew the keys.');
  } else if (leftMs < seconds * 1_000) {
    notes.push('The keys end before all objects can be sent. Renew them meanwhile.');
  }
  if (areTemporary && !keysEndAt) {
    notes.push(
      `The keys of set "${credentials}" are temporary, and their end is unknown. Set expiresAt.`,
    );
  }
  return notes;
}

export const cosBatch: RouteRule = {
  route: 'cos-batch',
  impossible: ({ target, source }) => {
    if (target.kind !== 'cos') return 'COS Batch writes to COS only.';
    return source.kind === 'cos' ? undefined : 'COS Batch copies from COS to COS only.';
  },
  cannot: ({ counts }) =>
    present([
      {
        reason: 'OVER_5_GB',
        count: countAbove(counts, BATCH_MAX_BYTES),
        message: 'COS Batch copies objects of up to 5 GB. A migration sends these by COS fetch.',
      },
      {
        reason: 'KEY_NOT_IN_CSV',
        count: counts.keysNotForBatch,
        message:
          'A Batch CSV has no way to write commas, quotes or outer blanks. A migration sends these by COS fetch.',
      },
    ]),
  form: () => 'job',
  needs: () => [
    'A Tencent key pair, with TENCENTCLOUD_UIN and TENCENTCLOUD_APP_ID.',
    'A role that COS Batch may assume, which reads the source and writes the target.',
    'Keys that may write the list of a job to the target, or to the source where the target is in another region.',
  ],
  losses: [
    'ACL',
    'tags, unless the job copies them',
    'older versions',
    'storage class; set one for the job',
  ],
  notes: () => [],
  speed: 'cos-batch',
  requests: { sourceReads: 1, targetReads: 0, targetWrites: 1 },
  unknownFee: "Tencent's fees for Batch jobs and objects",
};
