/** One line of those who wait for their turn. */

/**
 * @param next resolves when the first may go; what it throws, all who wait get
 * @returns puts the caller at the end of the line
 */
export function createTurns(next: () => Promise<void>): () => Promise<void> {
  const line: { readonly resume: () => void; readonly fail: (error: unknown) => void }[] = [];
  let isServing = false;
  const serve = async (): Promise<void> => {
    isServing = true;
    try {
      while (line.length > 0) {
        await next();
        line.shift()?.resume();
      }
    } catch (error) {
      for (const { fail } of line.splice(0)) fail(error);
    } finally {
      isServing = false;
    }
  };
  return () =>
    new Promise<void>((resume, fail) => {
      line.push({ resume, fail });
      if (!isServing) void serve();
    });
}
