/** The lint worker: lints a manifest off the page's thread; nothing leaves the machine. */
import { InputError } from '../../shared/lib/errors.ts';
import type { Objects } from '../../shared/stores/objects.ts';
import { fixFile } from './fix-file.ts';
import { lintFile } from './lint-file.ts';
import type { LintNews, LintOrder } from './protocol.ts';

const tell = (news: LintNews): void => postMessage(news);

addEventListener('message', ({ data }: MessageEvent<LintOrder>) => void lint(data));

async function lint({ file, allowHttps, isFix = false }: LintOrder): Promise<void> {
  const source = { name: file.name, sizeBytes: file.size, read: readerOf(file) };
  let toldAt = 0;
  const progress = (fraction: number) => {
    const now = performance.now();
    if (now - toldAt < 100) return;
    toldAt = now;
    tell({ kind: 'progress', fraction });
  };
  try {
    if (isFix) tell({ kind: 'fixed', ...(await fixFile(file, source, { allowHttps })) });
    else tell({ kind: 'done', findings: await lintFile(source, allowHttps, progress) });
  } catch (error) {
    // Else the file is gone, or may not be read.
    const message = error instanceof Error ? error.message : String(error);
    const isPacked = error instanceof InputError && file.name.endsWith('.gz');
    tell({ kind: 'failed', message, isPacked });
  }
}

const readerOf = (file: File): Objects['read'] =>
  async function* read(_key, { start = 0, end = file.size } = {}) {
    const reader = file.slice(start, end).stream().getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  };
