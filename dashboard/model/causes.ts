/** Links to the providers' pages about error codes, and the codes that Waybill explains itself. */
import type { Cause } from '../api/types.ts';
import type { Language } from '../text/types.ts';

type Page = Readonly<Record<Language, string>>;

const COS_CODES: Page = {
  en: 'https://www.tencentcloud.com/document/product/436/7730',
  zh: 'https://cloud.tencent.com/document/product/436/7730',
};
/** Codes of a fetch task are on no list: its own page is the nearest. */
const COS_FETCH: Page = {
  en: 'https://www.tencentcloud.com/document/product/436/39774',
  zh: 'https://www.tencentcloud.com/zh/document/product/436/39774',
};
const OMS_CODES: Page = {
  en: 'https://support.huaweicloud.com/intl/en-us/api-oms/ErrorCode.html',
  zh: 'https://support.huaweicloud.com/api-oms/ErrorCode.html',
};
const OMS_TASK: Page = {
  en: 'https://support.huaweicloud.com/api-oms/oms_api_0052.html',
  zh: 'https://support.huaweicloud.com/api-oms/oms_api_0052.html',
};
const HUAWEI_GATEWAY: Page = {
  en: 'https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-errorcode.html',
  zh: 'https://support.huaweicloud.com/devg-apisign/api-sign-errorcode.html',
};
const HUAWEI_IAM: Page = {
  en: 'https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html',
  zh: 'https://support.huaweicloud.com/api-iam/iam_30_0001.html',
};

/** Codes that only a failed fetch task has. */
const OF_FETCH_TASKS = /^(?:Forbidden|NotFound|MD5Mismatch|Source\w+|CALLBACK_FAILURE)$/;

/** The provider's page about a cause; undefined for Waybill's own. */
export function pageOf({ provider, code }: Pick<Cause, 'provider' | 'code'>, language: Language) {
  if (provider === 'tencent') return (OF_FETCH_TASKS.test(code) ? COS_FETCH : COS_CODES)[language];
  if (provider !== 'huawei') return undefined;
  if (/^TRF\./.test(code)) return OMS_TASK[language];
  if (/^APIGW?\./.test(code)) return HUAWEI_GATEWAY[language];
  if (/^IAM\./.test(code)) return HUAWEI_IAM[language];
  return OMS_CODES[language];
}

/** Codes that have a text of their own, as `code.<code>`. */
export const EXPLAINED = [
  'TRANSPORT_TIMEOUT',
  'TRANSPORT_FAILED',
  'REPLY_INVALID',
  'TASK_LOST',
  'CALLBACK_FAILURE',
  'OBJECTS_FAILED',
  'REGION_FULL',
  'TASK_PAUSED',
  'TASK_STATE',
  'TASK_GONE',
  'TASK_IN_GROUP',
  'START_NOT_TAKEN',
  'JOB_NOT_CREATED',
  'NOT_STARTED',
  'CREDENTIALS_REFUSED',
  'NIGHTS_USED',
  'JOB_FAILED',
  'JOB_CANCELLED',
  'JOB_UNTOLD',
  'MANIFEST_INVALID',
  'MANIFEST_CHANGED',
  'COVERAGE_BROKEN',
  'STORE_FAILED',
  'AccessDenied',
  'Forbidden',
  'NotFound',
  'MD5Mismatch',
  'SourceTimeout',
  'SignatureDoesNotMatch',
  'InvalidAccessKeyId',
  'RequestTimeTooSkewed',
  'SlowDown',
] as const;

type Explained = (typeof EXPLAINED)[number];
export const isExplained = (code: string): code is Explained =>
  EXPLAINED.some((known) => known === code);
