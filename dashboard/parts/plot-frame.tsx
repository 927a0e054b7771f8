/** The frame of a plot: current colours, and the figures under the pointer in words. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { theme as themeStore } from '../state/settings.ts';
import { useStore } from '../state/store.ts';
import type { Plot, PlotData, PlotOptions, PlotStyle } from './plot.ts';

interface PlotFrameProps extends Pick<PlotOptions, 'height' | 'kind' | 'onPoint'> {
  readonly data: PlotData;
  /** Names of colours, such as `good`, from the top line down. */
  readonly tones: readonly string[];
  /** What it shows, for those who can't see it. */
  readonly label: string;
  readonly clock: PlotOptions['clock'];
  readonly value: PlotOptions['value'];
}

export function PlotFrame(props: PlotFrameProps) {
  const { clock, data, height, kind, label, onPoint, tones, value } = props;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const latest = useRef(data);
  latest.current = data;
  const colours = useColours();
  const shape = data.lines.length;

  useEffect(() => {
    let isGone = false;
    void import('./plot.ts').then(({ createPlot }) => {
      if (isGone || !frame.current) return;
      const style = styleOf(frame.current, tones);
      const options = { height, kind, style, clock, value, onPoint };
      plot.current = createPlot(frame.current, latest.current, options);
      performance.mark('waybill:plot');
    });
    return () => {
      isGone = true;
      plot.current?.destroy();
      plot.current = undefined;
    };
    // Made anew where its looks change, not with each figure.
  }, [colours, clock, height, kind, shape, value]);
  useEffect(() => plot.current?.update(data), [data]);

  return <div ref={frame} class={`plot ${kind}`} role="img" aria-label={label} />;
}

function styleOf(element: HTMLElement, tones: readonly string[]): PlotStyle {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    strokes: tones.map((tone) => token(`${tone}-solid`)),
    fills: tones.map((tone) => token(`${tone}-fill`)),
    goal: token('muted'),
    guess: token('guess'),
    axis: token('muted'),
    grid: token('line'),
    font: `12px ${style.fontFamily}`,
  };
}

/** Changes whenever colours do. */
function useColours(): string {
  const theme = useStore(themeStore);
  const query = '(prefers-color-scheme: dark)';
  const [isDark, setDark] = useState(matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const take = () => setDark(list.matches);
    list.addEventListener('change', take);
    return () => list.removeEventListener('change', take);
  }, []);
  return `${theme} ${isDark}`;
}
