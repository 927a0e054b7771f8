/** The drop zone for a file, which can also be chosen with the keyboard. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { draft, dropFile, takeFile } from '../../model/draft.ts';
import { Icon } from '../../parts/icons.tsx';
import { usePage } from '../../state/context.ts';
import { useStore } from '../../state/store.ts';

export function DropZone({ isInvalid }: { readonly isInvalid: boolean }) {
  const { t } = usePage();
  const { file, sending } = useStore(draft);
  const [isOver, setOver] = useState(false);
  const [more, setMore] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null | undefined) => {
    const [first] = files ?? [];
    setMore((files?.length ?? 0) > 1);
    if (first && sending === 'no') takeFile(first, false);
    // The same file chosen again, once mended, is news.
    if (input.current) input.current.value = '';
  };
  useDropGuard();
  const zone = {
    onDragOver: () => setOver(true),
    onDragLeave: () => setOver(false),
    onDrop: ({ dataTransfer }: DragEvent) => {
      setOver(false);
      take(dataTransfer?.files);
    },
  };
  return (
    <>
      <div class={`drop ${isOver ? 'over' : ''} ${file ? 'taken' : ''}`} {...zone}>
        <Icon name="file" />
        <Words />
        <span class="drop-actions">
          <label class="button">
            <input
              ref={input}
              type="file"
              class="visually-hidden"
              accept=".csv,.jsonl,.gz"
              aria-invalid={isInvalid}
              disabled={sending !== 'no'}
              onChange={({ currentTarget }) => take(currentTarget.files)}
            />
            {t(file ? 'start.chooseOther' : 'start.choose')}
          </label>
          {file && (
            <button type="button" class="button" disabled={sending !== 'no'} onClick={dropFile}>
              {t('start.remove')}
            </button>
          )}
        </span>
      </div>
      {isInvalid && <p class="pad-x small bad-text">{t('start.noFile')}</p>}
      {more && (
        <p class="pad-x small muted" role="status">
          {t('start.oneFile')}
        </p>
      )}
    </>
  );
}

function Words() {
  const { t, format } = usePage();
  const { file } = useStore(draft);
  return (
    <p class="drop-words">
      <strong {...(file && { class: 'file-name' })}>{file?.name ?? t('start.drop')}</strong>
      <span class={file ? 'muted figures' : 'muted'}>
        {file ? format.bytes(file.size) : t('start.dropKinds')}
      </span>
    </p>
  );
}

function useDropGuard() {
  useEffect(() => {
    // A file that misses the zone would replace the page.
    const keep = (event: DragEvent) => event.preventDefault();
    window.addEventListener('dragover', keep);
    window.addEventListener('drop', keep);
    return () => {
      window.removeEventListener('dragover', keep);
      window.removeEventListener('drop', keep);
    };
  }, []);
}
