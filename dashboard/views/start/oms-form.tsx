/** The form that starts a task or a task group of OMS. */
import { useRef, useState } from 'preact/hooks';
import { type OmsForm as Form, NO_TASK, OMS_KINDS, omsRequest } from '../../model/start-request.ts';
import { Field, focusWrongField } from '../../parts/field.tsx';
import { SelectField } from '../../parts/select-field.tsx';
import { usePage } from '../../state/context.ts';
import { SendBar } from './send-bar.tsx';
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
  const element = useRef<HTMLFormElement>(null);
  const request = omsRequest(form);
  const change = (part: Partial<Form>) => setForm({ ...form, ...part });
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (request) void start(request);
    else focusWrongField(element.current);
  };
  return (
    <form ref={element} class="start" onSubmit={submit} noValidate>
      <section class="card pad fields" aria-label={t('start.kind.oms')}>
        <SelectField
          label={t('start.omsKind')}
          value={form.kind}
          options={OMS_KINDS}
          textOf={(kind) => t(`start.oms.${kind}`)}
          onChange={(kind) => change({ kind })}
        />
        <Field
          label={t('start.omsId')}
          hint={t(form.kind === 'v2/taskgroups' ? 'start.groupIdHint' : 'start.taskIdHint')}
          value={form.id}
          isWrong={isTried && !request}
          onInput={(text) => change({ id: text })}
          required
        />
        {FIELDS.map(([name, sample]) => (
          <Field
            key={name}
            label={t(`start.oms.${name}`)}
            hint={t('start.optional')}
            value={form[name]}
            placeholder={sample}
            onInput={(text) => change({ [name]: text })}
          />
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
      <SendBar failure={failure} isBusy={isBusy} icon="play" text={t('start.startTask')} />
    </form>
  );
}
