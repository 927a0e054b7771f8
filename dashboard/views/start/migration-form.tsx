/** The form that opens a migration: source, target, what is left out, pilot. */
import { useId, useRef, useState } from 'preact/hooks';
import { isMigrationPage, isSourcePage } from '../../api/checks.ts';
import { useLive } from '../../live/use-live.ts';
import {
  type MigrationForm as Form,
  migrationRequest,
  NEW_MIGRATION,
  wrongFields,
} from '../../model/migration-request.ts';
import { Icon } from '../../parts/icons.tsx';
import { FailureNotice } from '../../parts/notice.tsx';
import { usePage } from '../../state/context.ts';
import { useStart } from './use-start.ts';

type Text = Exclude<keyof Form, 'start' | 'onKeyExist'>;

export function MigrationForm() {
  const { t } = usePage();
  const { start, failure, isBusy } = useStart();
  const [form, setForm] = useState<Form>(NEW_MIGRATION);
  const [isTried, setTried] = useState(false);
  const element = useRef<HTMLFormElement>(null);
  const sources = useLive('sources', isSourcePage).value?.sources ?? [];
  const earlier = useLive('migrations?limit=50', isMigrationPage).value?.migrations ?? [];
  const wrong = isTried ? wrongFields(form) : new Set<keyof Form>();
  const change = (part: Partial<Form>) => setForm({ ...form, ...part });
  const submit = (event: Event) => {
    event.preventDefault();
    setTried(true);
    const request = migrationRequest(form);
    if (request) void start(request);
    else {
      requestAnimationFrame(() =>
        element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
      );
    }
  };
  const field = (name: Text) => ({
    name,
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
          options={sources.map(({ address }) => address)}
          required
        />
        <Field
          {...field('target')}
          placeholder="cos://ap-shanghai/examplebucket-1250000000/photos/"
          options={[...new Set(earlier.map(({ target }) => target))]}
          required
        />
      </section>
      <section class="card" aria-label={t('migrate.filters')}>
        <header class="card-head">
          <h2>{t('migrate.filters')}</h2>
        </header>
        <div class="fields halves pad">
          <Field {...field('include')} placeholder="*.jpg" kind="lines" />
          <Field {...field('exclude')} placeholder="tmp/*" kind="lines" />
          <Field {...field('minSize')} inputMode="numeric" />
          <Field {...field('maxSize')} inputMode="numeric" />
          <Field {...field('modifiedSince')} kind="day" />
        </div>
      </section>
      <section class="card" aria-label={t('migrate.how')}>
        <header class="card-head">
          <h2>{t('migrate.how')}</h2>
        </header>
        <div class="fields halves pad">
          <Field {...field('pilot')} inputMode="numeric" required />
          <Field {...field('schedule')} placeholder="0 3 * * *" />
          <OnKeyExist value={form.onKeyExist} onChange={(onKeyExist) => change({ onKeyExist })} />
          <label class="check">
            <input
              type="checkbox"
              checked={form.start}
              onChange={({ currentTarget }) => change({ start: currentTarget.checked })}
            />
            <span>
              {t('migrate.start')}
              <span class="below">{t('migrate.startHint')}</span>
            </span>
          </label>
        </div>
      </section>
      {failure && <FailureNotice failure={failure} />}
      <div class="send">
        <button type="submit" class="button primary large" disabled={isBusy}>
          <Icon name="play" />
          {t('migrate.go')}
        </button>
      </div>
    </form>
  );
}

function Field(props: {
  readonly name: Text;
  readonly value: string;
  readonly isWrong: boolean;
  readonly onInput: (text: string) => void;
  readonly placeholder?: string;
  readonly options?: readonly string[];
  readonly inputMode?: 'numeric';
  readonly required?: boolean;
  /** @default one line of text */
  readonly kind?: 'lines' | 'day';
}) {
  const { t } = usePage();
  const id = useId();
  const { name, value, isWrong, onInput, options = [] } = props;
  const common = {
    id,
    value,
    placeholder: props.placeholder ?? '',
    autocapitalize: 'off' as const,
    spellcheck: false,
    'aria-invalid': isWrong,
    'aria-describedby': `${id}-hint`,
  };
  return (
    <div class="field">
      <label for={id}>{t(`migrate.${name}`)}</label>
      {props.kind === 'lines' && (
        <textarea
          {...common}
          class="job"
          rows={2}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
      {props.kind === 'day' && (
        <input
          {...common}
          type="date"
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
      {props.kind === undefined && (
        <input
          {...common}
          autocomplete="off"
          required={props.required ?? false}
          {...(props.inputMode && { inputMode: props.inputMode })}
          list={`${id}-list`}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
      <p id={`${id}-hint`} class={isWrong ? 'small bad-text' : 'small muted'}>
        {t(`migrate.${name}.hint`)}
      </p>
      <datalist id={`${id}-list`}>
        {options.map((option) => (
          <option key={option} value={option} />
        ))}
      </datalist>
    </div>
  );
}

function OnKeyExist(props: {
  readonly value: Form['onKeyExist'];
  readonly onChange: (value: Form['onKeyExist']) => void;
}) {
  const { t } = usePage();
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{t('migrate.onKeyExist')}</label>
      <select
        id={id}
        value={props.value}
        onChange={({ currentTarget }) =>
          props.onChange(currentTarget.value === 'override' ? 'override' : 'ignore')
        }
      >
        <option value="ignore">{t('migrate.onKeyExist.ignore')}</option>
        <option value="override">{t('migrate.onKeyExist.override')}</option>
      </select>
      <p class="small muted">{t('migrate.onKeyExist.hint')}</p>
    </div>
  );
}
