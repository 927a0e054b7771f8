/** The plots of progress and throughput over time, and the same in figures. */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { isTransferPage } from '../../api/checks.ts';
import { transfersPath } from '../../api/paths.ts';
import type { Run, Transfer, TransferPage } from '../../api/types.ts';
import { isOver } from '../../model/progress.ts';
import {
  isSmall,
  type Point,
  pointsOfTransfers,
  ratesOf,
  type Timeline,
  timelineOf,
} from '../../model/timeline.ts';
import { Card } from '../../parts/card.tsx';
import { PlotFrame } from '../../parts/plot-frame.tsx';
import { type Page, usePage } from '../../state/context.ts';

export function Plots(props: {
  readonly run: Run;
  readonly seen: readonly Point[];
  readonly now: number;
}) {
  const { run, seen, now } = props;
  const page = usePage();
  const { t, format } = page;
  const [pointed, setPointed] = useState<number>();
  const fromTransfers = usePointsOfTransfers(run, seen);
  const timeline = useMemo(
    () => timelineOf(run, seen, fromTransfers, now),
    [run, seen, fromTransfers, now],
  );
  const rates = useMemo(() => ratesOf(timeline), [timeline]);
  const { points, straightUntil } = timeline;
  const { progress, throughput } = usePlotData(timeline, rates, run.progress.total);
  const clock = useCallback(
    (seconds: number, span: number) => clockText(seconds, span, format.clock),
    [format],
  );

  return (
    <Card title={t('plot.title')} class="plots" aside={<Legend run={run} />}>
      <Readout point={(pointed === undefined ? undefined : points[pointed]) ?? points.at(-1)} />
      <PlotFrame
        kind="lines"
        height={190}
        data={progress}
        tones={THREE}
        clock={clock}
        value={format.count}
        onPoint={setPointed}
        label={summary(run, timeline, page)}
      />
      <h3 class="plot-name">{t('plot.rate')}</h3>
      <PlotFrame
        kind="bars"
        height={96}
        data={throughput}
        tones={ONE}
        clock={clock}
        value={format.rate}
        onPoint={NOTHING}
        label={t('plot.rateLabel', {
          most: format.rate(Math.max(0, ...rates.map(({ perSecond }) => perSecond))),
        })}
      />
      {straightUntil !== undefined && <p class="small muted guess-note">{t('plot.straight')}</p>}
      <Figures timeline={timeline} />
    </Card>
  );
}

/** What the two plots draw. */
function usePlotData(timeline: Timeline, rates: ReturnType<typeof ratesOf>, total: number | null) {
  const { points, straightUntil } = timeline;
  const [from = 0, to = 0] = [points[0], points.at(-1)].map((end) => (end?.at ?? 0) / 1_000);
  const progress = useMemo(
    () => ({
      span: [from, Math.max(to, from + 1)] as const,
      at: points.map(({ at }) => at / 1_000),
      lines: [
        points.map(({ succeeded, failed, cancelled }) => succeeded + failed + cancelled),
        points.map(({ succeeded, failed }) => succeeded + failed),
        points.map(({ succeeded }) => succeeded),
      ],
      ...(total !== null && { goal: total }),
      guessedUntil: straightUntil === undefined ? undefined : straightUntil / 1_000,
    }),
    [points, straightUntil, total, from, to],
  );
  const throughput = useMemo(
    () => ({
      span: [from, Math.max(to, from + 1)] as const,
      at: rates.map(({ at }) => at / 1_000),
      lines: [rates.map(({ perSecond }) => perSecond)],
      guessedUntil: straightUntil === undefined ? undefined : straightUntil / 1_000,
    }),
    [rates, straightUntil, from, to],
  );
  return { progress, throughput };
}

function Legend({ run }: { readonly run: Run }) {
  const { t } = usePage();
  return (
    <p class="legend small">
      <span class="key good">{t('transfer.state.succeeded')}</span>
      <span class="key bad">{t('transfer.state.failed')}</span>
      {run.counts.cancelled > 0 && <span class="key idle">{t('transfer.state.cancelled')}</span>}
      <span class="key goal">{t('plot.goal')}</span>
    </p>
  );
}

/** The figures of the point under the pointer, or the last one. */
function Readout({ point }: { readonly point: Point | undefined }) {
  const { t, format } = usePage();
  return (
    <p class="readout small muted" aria-hidden="true">
      {point &&
        t('plot.readout', {
          at: format.instant(new Date(point.at).toISOString()),
          succeeded: point.succeeded,
          failed: point.failed,
        })}
      {point && point.cancelled > 0 && t('plot.readoutCancelled', { n: point.cancelled })}
    </p>
  );
}

const THREE = ['idle', 'bad', 'good'];
const ONE = ['accent'];
const NOTHING = () => {};

function summary(run: Run, { points }: Timeline, { t, format }: Page): string {
  const [first, last] = [points[0], points.at(-1)];
  const { done, total } = run.progress;
  return t('plot.label', {
    done,
    total: total ?? '?',
    from: format.instant(new Date(first?.at ?? 0).toISOString()),
    to: format.instant(new Date(last?.at ?? 0).toISOString()),
  });
}

/** Seconds within ten minutes, the day from a day on. */
function clockText(seconds: number, span: number, clock: (ms: number) => string): string {
  const text = clock(seconds * 1_000);
  if (span < 600) return text;
  const short = text.slice(0, 5);
  if (span < 86_400) return short;
  const at = new Date(seconds * 1_000);
  return `${at.getMonth() + 1}/${at.getDate()} ${short}`;
}

const ENDS = ['succeeded', 'failed', 'cancelled'] as const;

/** A dozen moments of the plot as a table, for whoever can't see it or wants the numbers. */
function Figures({ timeline: { points } }: { readonly timeline: Timeline }) {
  const { t, format } = usePage();
  const step = Math.max(1, Math.floor(points.length / 12));
  const shown = points.filter((_point, at) => at % step === 0 || at === points.length - 1);
  return (
    <details class="figures-details">
      <summary>{t('plot.figures')}</summary>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">{t('plot.at')}</th>
            {ENDS.map((state) => (
              <th key={state} scope="col" class="number">
                {t(`transfer.state.${state}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((point) => (
            <tr key={point.at}>
              <td>{format.instant(new Date(point.at).toISOString())}</td>
              {ENDS.map((state) => (
                <td key={state} class="number">
                  {format.count(point[state])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** What happened before the page was opened, where the transfers are few enough to tell it. */
function usePointsOfTransfers(run: Run, seen: readonly Point[]): readonly Point[] | undefined {
  const { client } = usePage();
  const [points, setPoints] = useState<readonly Point[]>();
  const over = isOver(run);
  const { runId, createdAt } = run;
  const isWatched = (seen[0]?.at ?? Date.now()) - Date.parse(createdAt) < 5_000;
  const wanted = isSmall(run) && (over || !isWatched);
  useEffect(() => {
    if (!wanted) return undefined;
    const ended = new AbortController();
    const read = async () => {
      const transfers: Transfer[] = [];
      let cursor: string | null = null;
      do {
        const filter = { state: 'succeeded,failed,cancelled' };
        const path: string = transfersPath(runId, filter, 1_000, cursor ?? undefined);
        const options = { signal: ended.signal, keeps: false };
        const page: TransferPage = await client.get(path, isTransferPage, options);
        transfers.push(...page.transfers);
        cursor = page.nextCursor;
      } while (cursor !== null && transfers.length < 3_000);
      if (!ended.signal.aborted) setPoints(pointsOfTransfers(createdAt, transfers));
    };
    // Without them the line is straight; the rest of the page tells of faults.
    read().catch(() => {});
    return () => ended.abort();
  }, [client, runId, createdAt, over, wanted]);
  return points;
}
