/** Moves the focus to the heading of a new view, also when that heading appears late. */

let isWanted = false;

/** The next heading takes the focus, unless the person does something first. */
export function wantHeading(): void {
  isWanted = true;
}

/** Gives a heading the focus where it is wanted. */
export function takeHeading(heading: HTMLElement | null): void {
  if (!isWanted || !heading) return;
  heading.focus({ preventScroll: true });
}

/** @returns what ends it */
export function watchReader(): () => void {
  const act = () => {
    isWanted = false;
  };
  window.addEventListener('keydown', act);
  window.addEventListener('pointerdown', act);
  return () => {
    window.removeEventListener('keydown', act);
    window.removeEventListener('pointerdown', act);
  };
}
