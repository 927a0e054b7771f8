/** A text with a button that copies it. */
import { useState } from 'preact/hooks';
import { usePage } from '../state/context.ts';
import { Icon } from './icons.tsx';

export function Copyable({ text }: { readonly text: string }) {
  const { t } = usePage();
  const [copied, setCopied] = useState(false);
  const copy = () =>
    void navigator.clipboard
      ?.writeText(text)
      .then(() => setCopied(true))
      .catch(() => setCopied(false));
  return (
    <span class="copyable">
      <code>{text}</code>
      <button
        type="button"
        class="bare"
        onClick={copy}
        onBlur={() => setCopied(false)}
        aria-label={copied ? t('action.copied') : `${t('action.copy')} ${text}`}
        title={copied ? t('action.copied') : t('action.copy')}
      >
        <Icon name={copied ? 'check' : 'copy'} />
      </button>
    </span>
  );
}
