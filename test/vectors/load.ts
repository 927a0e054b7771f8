/** Signing vectors as the signers take them: only the headers that entered the signature. */

import type { Pair } from '../../shared/lib/api-request.ts';
import { loadJson } from '../fixtures/load.ts';

type Value = string | number | boolean | null;
type Expected = Readonly<Record<string, string>>;

export interface CosVector {
  readonly name: string;
  readonly source: string;
  readonly secretId: string;
  readonly secretKey: string;
  readonly method: 'GET';
  readonly path: string;
  readonly query: readonly Pair[];
  readonly headers: Readonly<Record<string, string>>;
  readonly keyTime: string;
  readonly expected: Expected;
  /** Of the presigned URL, where the vector has one. */
  readonly url: string | undefined;
}

interface RawCos extends Omit<CosVector, 'query' | 'url'> {
  readonly query: Readonly<Record<string, Value>>;
  readonly signedHeaders: readonly string[];
  readonly normative: boolean;
}

/** `null` counts as empty, numbers and booleans as their text. */
const text = (value: Value): string => (value === null ? '' : String(value));

export const loadCosVectors = (): readonly CosVector[] => {
  const { vectors } = loadJson('test/vectors/tencent-cos-signing.json') as { vectors: RawCos[] };
  return vectors
    .filter(({ normative }) => normative)
    .map((vector) => {
      const { url, ...expected } = vector.expected;
      const headers = Object.entries(vector.headers).map(([name, value]) => [
        name.toLowerCase(),
        value,
      ]);
      return {
        ...vector,
        query: Object.entries(vector.query).map(([name, value]): Pair => [name, text(value)]),
        headers: Object.fromEntries(
          headers.filter(([name]) => vector.signedHeaders.includes(name ?? '')),
        ),
        expected,
        url,
      };
    });
};

export interface HuaweiVector {
  readonly name: string;
  readonly source: string;
  readonly ak: string;
  readonly sk: string;
  readonly securityToken?: string;
  readonly method: 'GET';
  readonly url: string;
  readonly host: string;
  readonly path: string;
  readonly query: readonly Pair[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly xSdkDate: string;
  readonly expected: Expected;
}

interface RawHuawei extends Omit<HuaweiVector, 'body'> {
  readonly signedHeaders: readonly string[];
  readonly body: string | null;
}

export const loadHuaweiVectors = (): readonly HuaweiVector[] => {
  const { vectors } = loadJson('test/vectors/huawei-signing.json') as { vectors: RawHuawei[] };
  return vectors.map((vector) => ({
    ...vector,
    headers: Object.fromEntries(
      Object.entries(vector.headers).filter(([name]) =>
        vector.signedHeaders.includes(name.toLowerCase()),
      ),
    ),
    body: vector.body ?? '',
  }));
};
