import { expect, it } from 'vitest';
import { cosSteps, presignedUrl } from '../../../../shared/signing/cos.ts';
import { huaweiSteps } from '../../../../shared/signing/huawei.ts';
import { loadCosVectors, loadHuaweiVectors } from '../../../vectors/load.ts';

it('all normative vectors are there', () => {
  expect([loadCosVectors().length, loadHuaweiVectors().length]).toEqual([32, 71]);
});

it.each(loadCosVectors())('Tencent: $name, from $source', (vector) => {
  expect(cosSteps(vector, vector, vector.keyTime)).toEqual(vector.expected);
});

it.each(loadCosVectors().filter(({ url }) => url !== undefined))(
  'Tencent, presigned: $name',
  (vector) => {
    const origin = `https://${vector.headers['host']}`;
    expect(presignedUrl({ ...vector, origin }, vector, vector.keyTime)).toBe(vector.url);
  },
);

it.each(loadHuaweiVectors())('Huawei: $name, from $source', (vector) => {
  const credentials = { secretId: vector.ak, secretKey: vector.sk };
  expect(huaweiSteps(vector, credentials, vector.xSdkDate)).toEqual(vector.expected);
});
