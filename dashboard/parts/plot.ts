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
  const { height, kind, onPoint } = options;
  let data = first;
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
      axes: axesOf(options),
      ...layersOf(first.lines.length, options),
      hooks: {
        drawClear: [(drawn) => drawGuess(drawn, data, options.style.guess)],
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

function axesOf({ clock, kind, style, value }: PlotOptions): UPlot.Axis[] {
  const axis = { stroke: style.axis, font: style.font, ticks: { show: false } };
  return [
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
  ];
}

/** The lines or bars, the room between lines, and the goal. */
function layersOf(
  count: number,
  { kind, style }: PlotOptions,
): Pick<UPlot.Options, 'series' | 'bands'> {
  const isBars = kind === 'bars';
  const fillOf = (index: number) => style.fills[index] ?? '';
  const indexes = Array.from({ length: count }, (_line, index) => index);
  return {
    series: [
      {},
      ...indexes.map((index) => ({
        stroke: style.strokes[index] ?? style.axis,
        width: isBars ? 0 : 1.5,
        points: { show: false },
        ...((isBars || index === count - 1) && { fill: fillOf(index) }),
        ...(isBars && { paths: BARS }),
      })),
      { stroke: style.goal, width: 1, dash: [4, 4], points: { show: false } },
    ],
    bands: isBars
      ? []
      : indexes.slice(1).map((index) => ({ series: [index, index + 1], fill: fillOf(index - 1) })),
  };
}

function drawGuess(plot: UPlot, { at: [start], guessedUntil }: PlotData, color: string): void {
  if (guessedUntil === undefined || start === undefined) return;
  const [left, right] = [start, guessedUntil].map((at) => plot.valToPos(at, 'x', true));
  if (left === undefined || right === undefined) return;
  plot.ctx.save();
  plot.ctx.fillStyle = color;
  plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
  plot.ctx.restore();
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
