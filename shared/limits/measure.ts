/** Measures each request to a provider: how long it took, and the class of what went wrong. */
import { RunStoppedError, WaybillError } from '../lib/errors.ts';
import type { Metrics } from '../lib/metrics.ts';
import type { Step } from './ports.ts';

/** @param api such as `cos-fetch` or `oms cn-north-4`; its region is no label */
export function measureRequests(
  api: string,
  metrics: Metrics,
  now: () => number = () => performance.now(),
): Step {
  const [name = api] = api.split(' ');
  const provider = name.startsWith('cos') ? 'tencent' : 'huawei';
  return async (request) => {
    const startedAt = now();
    const ended = (kind: string | undefined): void => {
      const seconds = (now() - startedAt) / 1_000;
      metrics({ RequestSeconds: seconds }, { provider, api: name, class: kind });
    };
    try {
      const answer = await request();
      ended('ok');
      return answer;
    } catch (error) {
      // Nothing was sent of a run that had stopped.
      if (!(error instanceof RunStoppedError)) {
        ended(error instanceof WaybillError ? error.class : undefined);
      }
      throw error;
    }
  };
}
