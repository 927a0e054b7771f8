/** The form that creates a Batch job from its description. */
import { useId, useRef, useState } from 'preact/hooks';
import { batchRequest } from '../../model/start-request.ts';
import { usePage } from '../../state/context.ts';
import { SendBar } from './send-bar.tsx';
import { useStart } from './use-start.ts';

export function BatchForm() {
  const { t } = usePage();
  const { start, failure, isBusy } = useStart();
  const [text, setText] = useState('');
  const [isTried, setTried] = useState(false);
  const [isOver, setOver] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const request = batchRequest(text);
  const isWrong = isTried && !request;
  const take = (file: File | undefined) => {
    setOver(false);
    void file?.text().then(setText, () => setText(''));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (request) void start(request);
    else area.current?.focus();
  };
  return (
    <form class="start" onSubmit={submit} noValidate>
      <section class="card pad field">
        <label for={id}>{t('start.job')}</label>
        <textarea
          ref={area}
          id={id}
          class={isOver ? 'job over' : 'job'}
          rows={14}
          value={text}
          spellcheck={false}
          required
          aria-invalid={isWrong}
          aria-describedby={`${id}-hint`}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onDragOver={() => setOver(true)}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            take(event.dataTransfer?.files[0]);
          }}
        />
        <p id={`${id}-hint`} class={isWrong ? 'small bad-text' : 'small muted'}>
          {t(isWrong ? 'start.jobWrong' : 'start.jobHint')}
        </p>
        <FileButton onTake={take} />
      </section>
      <SendBar failure={failure} isBusy={isBusy} icon="up" text={t('start.createJob')} />
    </form>
  );
}

function FileButton({ onTake }: { readonly onTake: (file: File | undefined) => void }) {
  const { t } = usePage();
  return (
    <p>
      <label class="button">
        <input
          type="file"
          class="visually-hidden"
          accept=".json"
          onChange={({ currentTarget }) => onTake(currentTarget.files?.[0])}
        />
        {t('start.choose')}
      </label>
    </p>
  );
}
