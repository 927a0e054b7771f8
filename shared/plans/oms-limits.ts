/** What OMS reads and carries at once, for plans and for whoever makes its tasks. */
import type { SourceConfig } from '../manifest/sources/config.ts';

/** One task takes no more by the vendor's advice: a group splits what is larger. https://support.huaweicloud.com/intl/en-us/productdesc-oms/oms_01_0038.html */
const TASK_MAX_OBJECTS = 5_000_000;
const TASK_MAX_BYTES = 3e12;

export const omsForm = (objects: number, bytes: number): 'group' | 'task' =>
  objects > TASK_MAX_OBJECTS || bytes > TASK_MAX_BYTES ? 'group' : 'task';

/** Clouds that OMS reads with keys, of those that sources know, as it writes them. */
export const OMS_CLOUDS: Readonly<
  Partial<Record<SourceConfig['kind'], 'AWS' | 'Aliyun' | 'Tencent' | 'HuaweiCloud' | 'Google'>>
> = { s3: 'AWS', oss: 'Aliyun', cos: 'Tencent', obs: 'HuaweiCloud', gs: 'Google' };
