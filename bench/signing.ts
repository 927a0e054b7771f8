/**
 * Both signers beside the vendors' own. Every request differs in path, key or body and in its second
 * once per 100 requests, as at the default pace, so that nothing is signed twice.
 */
import { createRequire } from 'node:module';
import type { ApiRequest } from '../shared/lib/api-request.ts';
import { createCosSigner } from '../shared/signing/cos.ts';
import { createHuaweiSigner } from '../shared/signing/huawei.ts';
import { type Comparison, rateOf } from './measure.ts';

const require = createRequire(import.meta.url);
const COUNT = 20_000;
const START = 1_795_140_000;
/** Requests in one second at the default pace. */
const PER_SECOND = 100;

interface CosSdk {
  getAuthorization(options: object): string;
}

export function tencentSigning(): Comparison {
  const sdk = require('cos-nodejs-sdk-v5') as CosSdk;
  const keys = { SecretId: 'AKIDbench', SecretKey: 'bench-secret-key-0123456789abcdef' };
  const sign = createCosSigner({
    credentials: { secretId: keys.SecretId, secretKey: keys.SecretKey },
  });
  const host = 'ap-shanghai.migration.myqcloud.com';
  const path = (n: number) => `/examplebucket-1250000000/NThhNjZiOTRfOGZmYTUwXzJlNWRf${n}==`;
  const second = (n: number) => START + Math.floor(n / PER_SECOND);
  let offset = 0;
  const next = () => {
    offset += COUNT;
    return offset;
  };
  return {
    metric: 'signing, Tencent COS',
    unit: 'signatures/s',
    targets: [3],
    sides: [
      {
        name: 'waybill',
        run() {
          const from = next();
          return rateOf(COUNT, (n) => {
            const request: ApiRequest = {
              method: 'POST',
              origin: `http://${host}`,
              path: path(from + n),
              query: [],
              headers: { 'content-length': '420', 'content-type': 'application/json' },
              body: '',
            };
            return sign(request, new Date(second(from + n) * 1_000));
          });
        },
      },
      {
        name: 'cos-nodejs-sdk-v5',
        run() {
          const from = next();
          return rateOf(COUNT, (n) => {
            const start = second(from + n);
            return sdk.getAuthorization({
              ...keys,
              Method: 'POST',
              Pathname: path(from + n),
              Query: {},
              Headers: {
                'content-length': '420',
                'content-type': 'application/json',
                host,
              },
              KeyTime: `${start};${start + 600}`,
            });
          });
        },
      },
    ],
  };
}

interface HuaweiSdk {
  AKSKSigner: { sign(request: object, credential: object): object };
}

export function huaweiSigning(): Comparison {
  const { AKSKSigner } =
    require('@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js') as HuaweiSdk;
  const [ak, sk] = ['EXAMPLEAK00000000001', 'ExampleSk0000000000000000000000000000001'];
  const credential = { getAk: () => ak, getSk: () => sk };
  const sign = createHuaweiSigner({ credentials: { secretId: ak, secretKey: sk } });
  const project = '0123456789abcdef0123456789abcdef';
  const origin = 'https://oms.cn-north-4.myhuaweicloud.com';
  const path = (n: number) => `/v2/${project}/tasks/${100_000 + n}/start`;
  const body = (n: number) => ({
    src_ak: 'SRCAK',
    src_sk: `src-secret-${n}`,
    dst_ak: 'DSTAK',
    dst_sk: `dst-secret-${n}`,
    migrate_failed_object: true,
  });
  const date = (n: number) => new Date((START + Math.floor(n / PER_SECOND)) * 1_000);
  return {
    metric: 'signing, Huawei Cloud',
    unit: 'signatures/s',
    targets: [3],
    sides: [
      {
        name: 'waybill',
        run: () =>
          rateOf(COUNT, (n) => {
            const request: ApiRequest = {
              method: 'POST',
              origin,
              path: path(n),
              query: [],
              headers: { 'content-type': 'application/json', 'x-project-id': project },
              body: JSON.stringify(body(n)),
            };
            return sign(request, date(n));
          }),
      },
      {
        name: 'huaweicloud-sdk-core',
        run: () =>
          rateOf(COUNT, (n) => {
            const headers = {
              'content-type': 'application/json',
              'X-Project-Id': project,
              'X-Sdk-Date': date(n).toISOString(),
            };
            const request = { endpoint: origin + path(n), method: 'POST', headers, data: body(n) };
            return AKSKSigner.sign(request, credential);
          }),
      },
    ],
  };
}
