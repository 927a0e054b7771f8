/**
 * The routes into OBS: tasks and groups of OMS, by prefix, by a list of keys, or by a list of URLs.
 * https://support.huaweicloud.com/intl/en-us/api-oms/CreateTask.html
 */
import { TARGET_KEY_BYTES } from '../manifest/target-address.ts';
import { countAbove, OMS_MAX_BYTES } from './counts.ts';
import { OMS_CLOUDS, omsForm } from './oms-limits.ts';
import { count, type Facts, present, type RouteRule } from './route.ts';
import { accessOf } from './source.ts';

const form = ({ counts }: Facts) => omsForm(counts.objects, counts.bytes);

function withKeys(facts: Facts): string | undefined {
  const { source, target } = facts;
  const { kind, credentials, life, region, prefix } = source;
  if (target.kind !== 'obs') return 'OMS writes to OBS only.';
  if (kind === 'urls') return 'The list has URLs, so OMS needs a URL list.';
  if (OMS_CLOUDS[kind] === undefined) return `OMS has no way to read sources of kind ${kind}.`;
  if (credentials === undefined) return 'OMS reads such a source with keys, and it has none.';
  if (life?.areTemporary && form(facts) === 'group') {
    return `The list needs a group of tasks (${count(facts.counts.objects)} objects), and groups take no temporary keys.`;
  }
  const [isFromChina, isToChina] = [region, target.region].map((each) => each.startsWith('cn-'));
  if (kind === 's3' && isFromChina !== isToChina) {
    const place = isFromChina
      ? 'China move to regions in'
      : 'outside China move to regions outside';
    return `OMS lets AWS buckets ${isFromChina ? 'in ' : ''}${place} mainland China only.`;
  }
  if (target.prefix.endsWith(prefix)) return undefined;
  return `OMS keeps the keys of the source and can put a prefix before them, but it can't replace ${prefix} with ${target.prefix || 'nothing'}.`;
}

const cannot: RouteRule['cannot'] = ({ counts }) =>
  present([
    {
      reason: 'KEY_TOO_LONG',
      count: counts.keysTooLong,
      message: `Prefix and key have more than ${TARGET_KEY_BYTES.obs} bytes.`,
    },
  ]);

const TARGET_NEEDS = [
  'A Huawei key pair with a project in the region of the target, which may create OMS tasks.',
  'Keys of the target bucket (a credential set with dstAk and dstSk).',
] as const;

const LIST_NEED = 'An OBS bucket in the region of the target, for the list files.';

const keysNeed = ({ source }: Facts): string =>
  `Keys of the source that may list and read it (credential set "${source.credentials}").`;

const LOSSES = [
  'custom metadata, unless the task says so; Content-Type always travels',
  'ACL',
  'tags',
  'older versions',
  'storage class, unless the task maps it',
] as const;

function notes(facts: Facts): readonly string[] {
  const { counts, archived } = facts;
  const large = countAbove(counts, OMS_MAX_BYTES);
  const all: readonly (readonly [boolean, string])[] = [
    [
      true,
      'With onKeyExist "override" OMS skips an object that the target has in the same size and not older, even if its content differs.',
    ],
    [
      form(facts) === 'group',
      'Above 3 TB or 5 million objects OMS needs a group, which splits the work.',
    ],
    [
      large > 0,
      `${count(large)} objects above 500 GB need a white-list entry at Huawei to be sent in parallel parts.`,
    ],
    [
      archived > 0,
      'OMS can restore archived objects (enableRestore of a task that you create), at the price of the source.',
    ],
  ];
  return all.filter(([holds]) => holds).map(([, text]) => text);
}

const common = {
  cannot,
  form,
  losses: LOSSES,
  notes,
  speed: 'oms',
  requests: { sourceReads: 2, targetReads: 2, targetWrites: 1 },
} as const;

export const omsPrefix: RouteRule = {
  ...common,
  route: 'oms-prefix',
  impossible: (facts) => {
    const reason = withKeys(facts);
    if (reason !== undefined) return reason;
    if (!facts.source.isWhole) {
      return 'OMS would take everything behind the prefix, and the list is only a part of it.';
    }
    if (facts.archived === 0) return undefined;
    return `OMS would try the ${count(facts.archived)} archived objects too, and fail on them.`;
  },
  needs: (facts) => [...TARGET_NEEDS, keysNeed(facts)],
};

export const omsList: RouteRule = {
  ...common,
  route: 'oms-list',
  impossible: withKeys,
  needs: (facts) => [...TARGET_NEEDS, keysNeed(facts), LIST_NEED],
};

export const omsUrlList: RouteRule = {
  ...common,
  route: 'oms-url-list',
  impossible: ({ source, target }) => {
    if (target.kind !== 'obs') return 'OMS writes to OBS only.';
    if (accessOf(source) !== 'signed') return undefined;
    return 'A URL list would hold signed addresses, which Waybill never writes into files. Use the keys of the source, or set publicUrl.';
  },
  needs: () => [
    ...TARGET_NEEDS,
    LIST_NEED,
    'URLs that Huawei can reach without keys, and that answer HEAD and GET with Content-Length.',
  ],
};
