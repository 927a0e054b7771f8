import { expect, it } from 'vitest';
import { pageOf } from '../../../../dashboard/model/causes.ts';

it.each([
  ['tencent', 'AccessDenied', 'cloud.tencent.com/document/product/436/7730'],
  ['tencent', 'NotFound', 'document/product/436/39774'],
  ['huawei', 'OMS.0065', 'api-oms/ErrorCode.html'],
  ['huawei', 'TRF.0004', 'api-oms/oms_api_0052.html'],
  ['huawei', 'APIGW.0301', 'devg-apisign/api-sign-errorcode.html'],
  ['huawei', 'IAM.401', 'api-iam/iam_30_0001.html'],
] as const)('%s %s is explained on a page of its provider', (provider, code, page) => {
  expect(pageOf({ provider, code }, 'zh')).toContain(page);
  expect(pageOf({ provider, code }, 'en')).toMatch(
    /^https:\/\/(?:www\.tencentcloud\.com|support\.huaweicloud\.com)\//,
  );
});

it("Waybill's own codes have no page of a provider", () => {
  expect(pageOf({ provider: 'waybill', code: 'TASK_LOST' }, 'en')).toBeUndefined();
});
