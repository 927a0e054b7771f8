/** A field of a form: its label, what is typed, a hint, and values to choose from. */
import { useId } from 'preact/hooks';

export interface FieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
  readonly isWrong?: boolean;
  readonly placeholder?: string;
  readonly options?: readonly string[];
  readonly inputMode?: 'numeric';
  readonly required?: boolean;
  /** @default one line of text */
  readonly kind?: 'lines' | 'day';
}

export function Field(props: FieldProps) {
  const id = useId();
  const { label, hint, isWrong, options } = props;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <Input {...props} id={id} />
      <p id={`${id}-hint`} class={isWrong ? 'small bad-text' : 'small muted'}>
        {hint}
      </p>
      {options && (
        <datalist id={`${id}-list`}>
          {options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </div>
  );
}

function Input(props: FieldProps & { readonly id: string }) {
  const { id, value, isWrong = false, kind, onInput } = props;
  const common = {
    id,
    value,
    placeholder: props.placeholder ?? '',
    autocapitalize: 'off' as const,
    spellcheck: false,
    required: props.required ?? false,
    'aria-invalid': isWrong,
    'aria-describedby': `${id}-hint`,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) =>
      onInput(currentTarget.value),
  };
  if (kind === 'lines') return <textarea {...common} class="job" rows={2} />;
  if (kind === 'day') return <input {...common} type="date" />;
  return (
    <input
      {...common}
      autocomplete="off"
      {...(props.inputMode && { inputMode: props.inputMode })}
      list={props.options && `${id}-list`}
    />
  );
}

/** Goes to the first field that is wrong, once it is marked; a closed part of the form opens. */
export const focusWrongField = (form: HTMLElement | null): void => {
  requestAnimationFrame(() => {
    const field = form?.querySelector<HTMLElement>('[aria-invalid="true"]');
    field?.closest('details')?.setAttribute('open', '');
    field?.focus();
  });
};
