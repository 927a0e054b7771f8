/** A source of the configuration in the words of OMS. */
import type { SourceConfig } from '../../manifest/sources/config.ts';
import { OMS_CLOUDS } from '../../plans/oms-limits.ts';
import type { OmsOrder } from '../../providers/huawei/oms/create-request.ts';

/** Undefined for a kind that OMS can't read. */
export function nodeOf({
  bucket,
  kind,
  region,
}: Pick<SourceConfig, 'bucket' | 'kind' | 'region'>): OmsOrder['srcNode'] | undefined {
  const cloudType = OMS_CLOUDS[kind];
  const appId = kind === 'cos' ? /-(\d+)$/.exec(bucket)?.[1] : undefined;
  return cloudType && { cloudType, region, bucket, ...(appId !== undefined && { appId }) };
}
