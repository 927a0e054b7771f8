/** What few migrations need: a list in place of a source, name, route, audit, credentials, a limit. */
import { LIST_FORMATS } from '../../../shared/manifest/sources/list-formats.ts';
import { MIGRATION_AUDITS, MIGRATION_ROUTES } from '../../api/types.ts';
import type { MigrationForm } from '../../model/migration-request.ts';
import { Field, type FieldProps } from '../../parts/field.tsx';
import { SelectField } from '../../parts/select-field.tsx';
import { usePage } from '../../state/context.ts';

export function MigrationOptions(props: {
  readonly form: MigrationForm;
  readonly field: (name: 'listKey' | 'name' | 'credentials' | 'stopAbove') => FieldProps;
  readonly change: (part: Partial<MigrationForm>) => void;
}) {
  const { t } = usePage();
  const { form, field, change } = props;
  return (
    <details class="card options">
      <summary>{t('migrate.options')}</summary>
      <div class="fields halves pad">
        <SelectField
          label={t('plan.route')}
          hint={t('migrate.route.hint')}
          value={form.route}
          options={MIGRATION_ROUTES}
          textOf={(route) => t(`route.${route}`)}
          onChange={(route) => change({ route })}
        />
        <SelectField
          label={t('audit.title')}
          hint={t('migrate.audit.hint')}
          value={form.audit}
          options={MIGRATION_AUDITS}
          textOf={(audit) => t(`migrate.audit.${audit}`)}
          onChange={(audit) => change({ audit })}
        />
        <Field {...field('stopAbove')} placeholder="20" inputMode="numeric" />
        <Field {...field('credentials')} placeholder="default" />
        <Field {...field('listKey')} placeholder="lists/photos.csv" />
        <SelectField
          label={t('migrate.listFormat')}
          value={form.listFormat}
          options={['', ...LIST_FORMATS]}
          textOf={(format) => format || t('migrate.listFormat.detected')}
          onChange={(listFormat) => change({ listFormat })}
        />
        <Field {...field('name')} />
      </div>
    </details>
  );
}
