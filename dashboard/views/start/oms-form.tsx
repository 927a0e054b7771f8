/** The form that starts a task or a task group of OMS. */
import { useId, useRef, useState } from 'preact/hooks';
import { type OmsForm as Form, NO_TASK, OMS_KINDS, omsRequest } from '../../model/start-request.ts';
import { Icon } from '../../parts/icons.tsx';
import { FailureNotice } from '../../parts/notice.tsx';
import { usePage } from '../../state/context.ts';
import { useStart } from './use-start.ts';

const FIELDS = [
  ['region', 'cn-north-4'],
  ['projectId', ''],
  ['credentials', 'default'],
] as const;

export function OmsForm() {
  const { t } = usePage();
  const { start, failure, isBusy } = useStart();
  const [form, setForm] = useState<Form>(NO_TASK);
  const [isTried, setTried] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const request = omsRequest(form);
  const isWrong = isTried && !request;
  const change = (part: Partial<Form>) => setForm({ ...form, ...part });
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (request) void start(request);
    else input.current?.focus();
  };
  return (
    <form class="start" onSubmit={submit} noValidate>
      <section class="card pad fields" aria-label={t('start.kind.oms')}>
        <div class="field">
          <label for={`${id}-kind`}>{t('start.omsKind')}</label>
          <select
            id={`${id}-kind`}
            value={form.kind}
            onChange={({ currentTarget }) =>
              change({ kind: OMS_KINDS.find((kind) => kind === currentTarget.value) ?? form.kind })
            }
          >
            {OMS_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {t(`start.oms.${kind}`)}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for={`${id}-id`}>{t('start.omsId')}</label>
          <input
            ref={input}
            id={`${id}-id`}
            value={form.id}
            onInput={({ currentTarget }) => change({ id: currentTarget.value })}
            autocapitalize="off"
            autocomplete="off"
            spellcheck={false}
            required
            aria-invalid={isWrong}
            aria-describedby={`${id}-hint`}
          />
          <p id={`${id}-hint`} class={isWrong ? 'small bad-text' : 'small muted'}>
            {t(form.kind === 'v2/taskgroups' ? 'start.groupIdHint' : 'start.taskIdHint')}
          </p>
        </div>
        {FIELDS.map(([name, sample]) => (
          <div class="field" key={name}>
            <label for={`${id}-${name}`}>{t(`start.oms.${name}`)}</label>
            <input
              id={`${id}-${name}`}
              value={form[name]}
              placeholder={sample}
              onInput={({ currentTarget }) => change({ [name]: currentTarget.value })}
              autocapitalize="off"
              autocomplete="off"
              spellcheck={false}
              aria-describedby={`${id}-${name}-hint`}
            />
            <p id={`${id}-${name}-hint`} class="small muted">
              {t('start.optional')}
            </p>
          </div>
        ))}
        <label class="check">
          <input
            type="checkbox"
            checked={form.failedObjectsOnly}
            onChange={({ currentTarget }) => change({ failedObjectsOnly: currentTarget.checked })}
          />
          <span>{t('start.failedOnly')}</span>
        </label>
      </section>
      {failure && <FailureNotice failure={failure} />}
      <div class="send">
        <button type="submit" class="button primary large" disabled={isBusy}>
          <Icon name="play" />
          {t('start.startTask')}
        </button>
      </div>
    </form>
  );
}
