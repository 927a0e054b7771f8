/**
 * Shows to Prometheus what this process did since it began, and what ledger and queue hold now
 * (docs/metrics.md).
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { RUN_STATES } from '../shared/ledger/model.ts';
import type { Labels, MetricName, Metrics } from '../shared/lib/metrics.ts';
import type { HttpAnswer } from '../shared/runtime/http.ts';
import type { createGauges, Gauges } from './gauges.ts';

export const METRICS_ROUTE = 'GET /metrics';

export interface Prometheus {
  readonly metrics: Metrics;
  page(): Promise<HttpAnswer>;
}

/** In seconds; the last of callbacks are days. */
const REQUEST_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LAG_BUCKETS = [1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400];

export function createPrometheus({ hear, read }: ReturnType<typeof createGauges>): Prometheus {
  const registry = new Registry();
  const count = createCounts(registry);
  const show = createShow(registry);
  return {
    metrics(numbers, labels = {}) {
      hear(numbers);
      for (const [name, value] of Object.entries(numbers)) {
        count[name as MetricName]?.(value, labels);
      }
    },
    async page() {
      show(await read());
      return {
        statusCode: 200,
        headers: {
          'content-type': registry.contentType,
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
        },
        body: await registry.metrics(),
      };
    },
  };
}

type Count = (value: number, labels: Labels) => void;

/** One spelling for what is not known. */
const known = (text: string | undefined): string => text || 'none';

/** What this process did. Those that only CloudWatch shows are left out. */
function createCounts(registry: Registry): Readonly<Partial<Record<MetricName, Count>>> {
  const registers = [registry];
  const transfers = new Counter({
    name: 'waybill_transfers_total',
    help: 'Transfers that this process brought to a state, by provider.',
    labelNames: ['state', 'provider'],
    registers,
  });
  // A rate needs to have seen the first one coming.
  for (const provider of ['tencent', 'huawei']) {
    for (const state of ['submitted', 'succeeded', 'failed', 'cancelled']) {
      transfers.inc({ state, provider }, 0);
    }
  }
  const requests = new Counter({
    name: 'waybill_requests_total',
    help: 'Requests to providers by API and class: ok, or what went wrong.',
    labelNames: ['provider', 'api', 'class'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'waybill_request_duration_seconds',
    help: 'How long requests to providers took.',
    labelNames: ['provider', 'api'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const lag = new Histogram({
    name: 'waybill_callback_lag_seconds',
    help: 'Time from sending an object to the callback about it.',
    buckets: LAG_BUCKETS,
    registers,
  });
  const refusals = new Counter({
    name: 'waybill_credential_refusals_total',
    help: 'Runs, sweeps and requests that refused credentials ended.',
    registers,
  });
  const answers = new Counter({
    name: 'waybill_http_requests_total',
    help: 'Requests to this service by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const answerSeconds = new Histogram({
    name: 'waybill_http_request_duration_seconds',
    help: 'How long requests to this service took.',
    buckets: REQUEST_BUCKETS,
    registers,
  });
  return {
    Transfers: (value, { state, provider }) =>
      transfers.inc({ state: known(state), provider: known(provider) }, value),
    RequestSeconds(value, { provider, api, class: kind }) {
      const of = { provider: known(provider), api: known(api) };
      requests.inc({ ...of, class: known(kind) });
      requestSeconds.observe(of, value);
    },
    CallbackLagSeconds: (value) => lag.observe(value),
    CredentialFailures: (value) => refusals.inc(value),
    HttpSeconds(value, labels) {
      answers.inc({ route: known(labels['route']), status: known(labels['status']) });
      answerSeconds.observe(value);
    },
  };
}

/** What is not known now has no value, rather than an old one. */
function createShow(registry: Registry): (gauges: Gauges) => void {
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `waybill_${name}`, help, labelNames, registers: [registry] });
  const runs = gauge('runs_open', 'Runs that are not closed, by state.', 'state');
  const stuck = gauge('runs_stuck', 'Open runs without progress, as the last sweep found them.');
  const sweptAt = gauge('last_sweep_timestamp_seconds', 'When a sweep last went over all runs.');
  const transfers = gauge('transfers_open', 'Transfers of open runs, by state.', 'state');
  const pace = gauge('pace_objects_per_second', 'Objects per second that the pace allows now.');
  const messages = gauge('queue_messages', 'Messages of the queue, by state.', 'state');
  const age = gauge('queue_oldest_message_age_seconds', 'How long the oldest message waits.');
  const up = gauge('store_up', 'Whether the store answered for this page.', 'store');

  const set = (shown: Gauge, value: number | undefined): void => {
    if (value === undefined) shown.remove();
    else shown.set(value);
  };
  const setEach = (shown: Gauge, values: Readonly<Record<string, number>> | undefined): void => {
    shown.reset();
    for (const [state, value] of Object.entries(values ?? {})) shown.set({ state }, value);
  };
  return ({ ledger, queue }) => {
    const none = Object.fromEntries(RUN_STATES.map((state) => [state, 0]));
    const { completed: _closed, ...counted } = { ...none, ...ledger?.runs };
    setEach(runs, ledger && counted);
    set(stuck, ledger?.lastSweep?.stuck);
    set(sweptAt, ledger?.lastSweep && ledger.lastSweep.at.getTime() / 1_000);
    setEach(transfers, ledger?.transfers);
    set(pace, ledger?.pace);
    setEach(
      messages,
      queue && { waiting: queue.waiting, in_flight: queue.inFlight, dead: queue.dead },
    );
    set(age, queue?.waitedMs !== undefined ? queue.waitedMs / 1_000 : undefined);
    for (const [store, part] of Object.entries({ ledger, queue })) {
      up.set({ store }, part ? 1 : 0);
    }
  };
}
