/** A field of a form with one choice: its label, the choices, a hint. */
import { useId } from 'preact/hooks';

export function SelectField<Value extends string>(props: {
  readonly label: string;
  readonly hint?: string;
  readonly value: Value;
  readonly options: readonly Value[];
  readonly textOf: (value: Value) => string;
  readonly onChange: (value: Value) => void;
}) {
  const id = useId();
  const { value, options, hint } = props;
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        value={value}
        onChange={({ currentTarget }) =>
          props.onChange(options.find((option) => option === currentTarget.value) ?? value)
        }
        {...(hint && { 'aria-describedby': `${id}-hint` })}
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {props.textOf(option)}
          </option>
        ))}
      </select>
      {hint && (
        <p id={`${id}-hint`} class="small muted">
          {hint}
        </p>
      )}
    </div>
  );
}
