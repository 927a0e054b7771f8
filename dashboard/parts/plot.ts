/**
 * The two plots of a run on one time axis, drawn with uPlot; loaded when the first run is opened.
 */
import UPlot from 'uplot';

export interface PlotData {
  /** In seconds since 1970, rising. */
  readonly at: readonly number[];
  /** Both ends of the axis. */
  readonly span: readonly [from: number, to: number];
  /** Lines from the top one down; each fills the room to the next. */
  readonly lines: readonly (readonly number[])[];
  /** A level to reach. */
  readonly goal?: number;
  /** Up to here the line is a guess. */
  readonly guessedUntil?: number | undefined;
}

export interface PlotStyle {
  /** As many as there are lines. */
  readonly strokes: readonly string[];
  readonly fills: readonly string[];
  readonly goal: string;
  readonly guess: string;
  readonly axis: string;
  readonly grid: string;
  readonly font: string;
}

export interface PlotOptions {
  readonly height: number;
  readonly kind: 'lines' | 'bars';
  readonly style: PlotStyle;
  readonly clock: (seconds: number, spanSeconds: number) => string;
  readonly value: (value: number) => string;
  /** The place under the pointer; undefined when it is elsewhere. */
  readonly onPoint: (index: number | undefined) => void;
}

export interface Plot {
  update(data: PlotData): void;
  destroy(): void;
}

export function createPlot(parent: HTMLElement, first: PlotData, options: PlotOptions): Plot {
  const { clock, height, kind, onPoint, style, value } = options;
  let data = first;
  const axis = { stroke: style.axis, font: style.font, ticks: { show: false } };
  const plot = new UPlot(
    {
      width: Math.max(120, parent.clientWidth),
      height,
      padding: [8, 26, 0, 0],
      legend: { show: false },
      // Both plots of a run point at one moment.
      cursor: {
        y: false,
        points: { show: kind === 'lines' },
        drag: { x: false, y: false },
        sync: { key: 'run', setSeries: false },
      },
      scales: {
        x: { time: true, range: () => [data.span[0], data.span[1]] },
        y: { range: (_plot, _min, max) => [0, roomy(max)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 80,
          size: 26,
          incrs: SECONDS,
          values: ({ scales: { x } }, splits) => {
            const span = (x?.max ?? 0) - (x?.min ?? 0);
            return splits.map((at) => clock(at, span));
          },
        },
        {
          ...axis,
          grid: { stroke: style.grid, width: 1 },
          space: kind === 'bars' ? 20 : 34,
          size: 62,
          values: (_plot, splits) => splits.map(value),
        },
      ],
      series: [
        {},
        ...data.lines.map((_line, index) => ({
          stroke: style.strokes[index] ?? style.axis,
          width: kind === 'lines' ? 1.5 : 0,
          points: { show: false },
          ...(kind === 'bars'
            ? { fill: style.fills[index] ?? '', paths: BARS }
            : index === data.lines.length - 1 && { fill: style.fills[index] ?? '' }),
        })),
        { stroke: style.goal, width: 1, dash: [4, 4], points: { show: false } },
      ],
      bands:
        kind === 'bars'
          ? []
          : data.lines.slice(1).map((_line, index) => ({
              series: [index + 1, index + 2] as [number, number],
              fill: style.fills[index] ?? '',
            })),
      hooks: {
        drawClear: [
          (drawn) => {
            const start = data.at[0];
            if (data.guessedUntil === undefined || start === undefined) return;
            const [left, right] = [start, data.guessedUntil].map((at) =>
              drawn.valToPos(at, 'x', true),
            );
            if (left === undefined || right === undefined) return;
            drawn.ctx.save();
            drawn.ctx.fillStyle = style.guess;
            drawn.ctx.fillRect(left, drawn.bbox.top, right - left, drawn.bbox.height);
            drawn.ctx.restore();
          },
        ],
        setCursor: [
          ({ cursor: { idx, left = -1 } }) => onPoint(left < 0 ? undefined : (idx ?? undefined)),
        ],
      },
    },
    aligned(data),
    parent,
  );
  const observer = new ResizeObserver(() => {
    plot.setSize({ width: Math.max(120, parent.clientWidth), height });
  });
  observer.observe(parent);
  return {
    update(next) {
      data = next;
      plot.setData(aligned(next));
    },
    destroy() {
      observer.disconnect();
      plot.destroy();
    },
  };
}

/** No marks between two seconds: they would read alike. */
const SECONDS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
  172_800, 604_800, 1_209_600, 2_592_000,
];

const BARS = UPlot.paths.bars?.({ size: [0.9, 60], gap: 1 }) ?? (() => null);

const aligned = ({ at, goal, lines }: PlotData): UPlot.AlignedData => [
  [...at],
  ...lines.map((line) => [...line]),
  at.map(() => goal ?? null),
];

/** Nothing touches the upper edge. */
const roomy = (max: number): number => (max > 0 ? max * 1.08 : 1);
