/** The form that opens a migration: source, target, what is left out, pilot. */
import { useRef, useState } from 'preact/hooks';
import { isMigrationPage, isSourcePage } from '../../api/checks.ts';
import { useLive } from '../../live/use-live.ts';
import {
  type MigrationForm as Form,
  migrationRequest,
  NEW_MIGRATION,
  wrongFields,
} from '../../model/migration-request.ts';
import { Card } from '../../parts/card.tsx';
import { Field, focusWrongField } from '../../parts/field.tsx';
import { SelectField } from '../../parts/select-field.tsx';
import { usePage } from '../../state/context.ts';
import { MigrationOptions } from './migration-options.tsx';
import { SendBar } from './send-bar.tsx';
import { useStart } from './use-start.ts';

type Text = Exclude<keyof Form, 'start' | 'onKeyExist' | 'route' | 'audit' | 'listFormat'>;

export function MigrationForm() {
  const { t } = usePage();
  const { start, failure, isBusy } = useStart();
  const [form, setForm] = useState<Form>(NEW_MIGRATION);
  const [isTried, setTried] = useState(false);
  const element = useRef<HTMLFormElement>(null);
  const { sources, targets } = useKnownPlaces();
  const wrong = isTried ? wrongFields(form) : new Set<keyof Form>();
  const change = (part: Partial<Form>) => setForm({ ...form, ...part });
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    const request = migrationRequest(form);
    if (request) void start(request);
    else focusWrongField(element.current);
  };
  const field = (name: Text) => ({
    label: t(`migrate.${name}`),
    hint: t(`migrate.${name}.hint`),
    value: form[name],
    isWrong: wrong.has(name),
    onInput: (text: string) => change({ [name]: text }),
  });
  return (
    <form ref={element} class="start" onSubmit={submit} noValidate>
      <section class="card pad fields halves" aria-label={t('start.kind.migration')}>
        <Field
          {...field('source')}
          placeholder="s3://media/photos/"
          options={sources}
          required={form.listKey.trim() === ''}
        />
        <Field
          {...field('target')}
          placeholder="cos://ap-shanghai/examplebucket-1250000000/photos/"
          options={targets}
          required
        />
      </section>
      <Card title={t('migrate.filters')}>
        <div class="fields halves pad">
          <Field {...field('include')} placeholder="*.jpg" kind="lines" />
          <Field {...field('exclude')} placeholder="tmp/*" kind="lines" />
          <Field {...field('minSize')} inputMode="numeric" />
          <Field {...field('maxSize')} inputMode="numeric" />
          <Field {...field('modifiedSince')} kind="day" />
        </div>
      </Card>
      <Card title={t('migrate.how')}>
        <div class="fields halves pad">
          <Field {...field('pilot')} inputMode="numeric" required />
          <Field {...field('schedule')} placeholder="0 3 * * *" />
          <SelectField
            label={t('migrate.onKeyExist')}
            hint={t('migrate.onKeyExist.hint')}
            value={form.onKeyExist}
            options={['ignore', 'override']}
            textOf={(rule) => t(`migrate.onKeyExist.${rule}`)}
            onChange={(onKeyExist) => change({ onKeyExist })}
          />
          <StartCheck isChecked={form.start} onChange={(checked) => change({ start: checked })} />
        </div>
      </Card>
      <MigrationOptions form={form} field={field} change={change} />
      <SendBar failure={failure} isBusy={isBusy} icon="play" text={t('migrate.go')} />
    </form>
  );
}

/** Sources that have credentials, targets of earlier migrations. */
function useKnownPlaces() {
  const sources = useLive('sources', isSourcePage).value?.sources ?? [];
  const earlier = useLive('migrations?limit=50', isMigrationPage).value?.migrations ?? [];
  return {
    sources: sources.map(({ address }) => address),
    targets: [...new Set(earlier.map(({ target }) => target))],
  };
}

function StartCheck(props: {
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}) {
  const { t } = usePage();
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={props.isChecked}
        onChange={({ currentTarget }) => props.onChange(currentTarget.checked)}
      />
      <span>
        {t('migrate.start')}
        <span class="below">{t('migrate.startHint')}</span>
      </span>
    </label>
  );
}
