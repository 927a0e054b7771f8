/** A simulator with a bucket, and signed calls to its objects. */
import { onTestFinished } from 'vitest';
import type { ApiRequest } from '../../../../shared/lib/api-request.ts';
import { createSend, wirePath } from '../../../../shared/lib/http.ts';
import { createCosSigner } from '../../../../shared/signing/cos.ts';
import { DEFAULT_KEYS, startSimulator } from '../../../../simulator/main.ts';

export const BUCKET = 'examplebucket-1250000000';
export const NOW = new Date('2026-11-20T02:00:00Z');

export async function setup() {
  const simulator = await startSimulator({ now: () => NOW });
  onTestFinished(() => simulator.close());
  const sign = createCosSigner({ credentials: DEFAULT_KEYS });
  const send = createSend({ timeoutMs: 2_000 });
  const signed = (change: Partial<ApiRequest>) =>
    sign(
      {
        method: 'GET',
        origin: simulator.objectsUrl,
        path: `/${BUCKET}/`,
        query: [],
        headers: {},
        body: '',
        ...change,
      },
      NOW,
    );
  const call = (change: Partial<ApiRequest>) => send(signed(change));
  const put = (key: string, body = '') => call({ method: 'PUT', path: `/${BUCKET}/${key}`, body });
  /** GET without the limit that our client sets on answers. */
  const download = async (key: string, headers: Record<string, string> = {}) => {
    const request = signed({ path: `/${BUCKET}/${key}`, headers });
    const { host: _host, ...others } = request.headers;
    const answer = await fetch(request.origin + wirePath(request), { headers: others });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  return { simulator, signed, call, put, download };
}
