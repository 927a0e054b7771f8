/** A simulator of Huawei Cloud, and calls to it over real HTTP. */
import { onTestFinished } from 'vitest';
import type { ApiRequest, Pair, Signer } from '../../../../shared/lib/api-request.ts';
import { createSend } from '../../../../shared/lib/http.ts';
import { createHuaweiSigner } from '../../../../shared/signing/huawei.ts';
import {
  DEFAULT_HUAWEI_KEY,
  type HuaweiKey,
  type HuaweiOptions,
  type NewOmsTask,
  startHuawei,
} from '../../../../simulator/huawei/simulator.ts';

export const NOW = new Date('2026-11-20T02:00:00Z');
export const PROJECT = '0123456789abcdef0123456789abcdef';
export const REGION = 'cn-north-4';
export const SOURCE = { src_ak: 'a', src_sk: 'b' };
export const DESTINATION = { dst_ak: 'c', dst_sk: 'd' };
export const KEYS = { ...SOURCE, ...DESTINATION };
export const V1_KEYS = { source_ak: 'a', source_sk: 'b', target_ak: 'c', target_sk: 'd' };

export interface Call {
  readonly method?: ApiRequest['method'];
  /** Below the region, such as `/v2/<project>/tasks`. */
  readonly path: string;
  readonly region?: string;
  readonly query?: readonly Pair[];
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signer?: Signer;
  readonly at?: Date;
}

export const signerOf = ({ ak, sk, securityToken }: HuaweiKey): Signer =>
  createHuaweiSigner({
    credentials: {
      secretId: ak,
      secretKey: sk,
      ...(securityToken !== undefined && { securityToken }),
    },
  });

/** Sends the request as it is. */
export const unsigned: Signer = (request) => ({
  ...request,
  headers: { ...request.headers, host: new URL(request.origin).host },
});

export async function setup(options: HuaweiOptions = {}, timeoutMs = 2_000) {
  const simulator = await startHuawei({ now: () => NOW, runMs: 20, ...options });
  onTestFinished(() => simulator.close());
  const send = createSend({ timeoutMs });
  const sign = signerOf(options.keys?.[0] ?? DEFAULT_HUAWEI_KEY);
  const call = async (given: Call) => {
    const { method = 'GET', path, region = REGION, query = [], body, headers, at = NOW } = given;
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const request: ApiRequest = {
      method,
      origin: simulator.omsUrl,
      path: region === '' ? path : `/${region}${path}`,
      query,
      headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
      body: text ?? '',
    };
    const answer = await send((given.signer ?? sign)(request, at));
    const isJson = (answer.headers['content-type'] ?? '').includes('json') && answer.body !== '';
    const json = isJson ? JSON.parse(answer.body) : undefined;
    return { ...answer, json, code: json?.error_code as string | undefined };
  };
  const task = (given: Partial<NewOmsTask> = {}) =>
    simulator.tasks.add({ apiVersion: 'v2', region: REGION, projectId: PROJECT, ...given });
  const v2 = (path: string, more: Omit<Call, 'path'> = {}) =>
    call({ path: `/v2/${PROJECT}${path}`, ...more });
  const v1 = (path: string, more: Omit<Call, 'path'> = {}) =>
    call({ path: `/v1/${PROJECT}/objectstorage/task${path}`, ...more });
  const start = (id: string, body: unknown = KEYS, more: Omit<Call, 'path'> = {}) =>
    v2(`/tasks/${id}/start`, { method: 'POST', body, ...more });
  return { simulator, send, call, task, v1, v2, start };
}
