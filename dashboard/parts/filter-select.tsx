/** One choice among the filters of a list; nothing chosen takes all. */
import { usePage } from '../state/context.ts';

export function FilterSelect(props: {
  readonly label: string;
  readonly value: string | undefined;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChange: (value: string) => void;
}) {
  const { t } = usePage();
  return (
    <label>
      {props.label}
      <select
        value={props.value ?? ''}
        onChange={({ currentTarget }) => props.onChange(currentTarget.value)}
      >
        <option value="">{t('filter.all')}</option>
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
