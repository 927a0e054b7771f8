/** The icons; each stands beside a word that says the same. */

const PATHS = {
  check: 'M3.5 8.5l3 3 6-6.5',
  cross: 'M4.5 4.5l7 7m0-7l-7 7',
  dash: 'M4 8h8',
  dots: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  up: 'M8 13V4m-4 3.5L8 3.5l4 4',
  clock: 'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0zM8 4.8V8l2.2 1.4',
  warn: 'M8 6v3m0 2.2v.1M8 2.2l6 11H2z',
  play: 'M6 4.5v7l5.5-3.5z',
  pause: 'M6 4.5v7m4-7v7',
  retry: 'M12.8 6.5A5 5 0 1 0 13 9M13 3v3.5H9.5',
  stop: 'M5 5h6v6H5z',
  download: 'M8 2.5v7.5m-3.2-3L8 10.2 11.2 7M3 13.2h10',
  external: 'M6.5 3.5h-3v9h9v-3M9 3h4v4m0-4L7.5 8.5',
  copy: 'M5.5 5.5h7v8h-7zM3.5 10.5v-8h7',
  back: 'M9.5 3.5L5 8l4.5 4.5',
  next: 'M6.5 3.5L11 8l-4.5 4.5',
  search: 'M10.5 10.5l3 3M11.5 7a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.5v1.5m0 10v1.5M1.5 8H3m10 0h1.5M3.4 3.4l1.1 1.1m7 7l1.1 1.1m0-9.2l-1.1 1.1m-7 7l-1.1 1.1',
  screen: 'M2.5 3.5h11v7.5h-11zM6 13.5h4',
  plus: 'M8 3.5v9M3.5 8h9',
  exit: 'M6 3H3v10h3M7 8h6.5m-2.5-2.5L13.5 8 11 10.5',
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);
