/** The sign-in: asks for the bearer token and tries it before anything else is shown. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { isRunPage } from '../api/checks.ts';
import { createClient } from '../api/client.ts';
import { Failure, toFailure } from '../api/failure.ts';
import { FailureNotice, Notice } from '../parts/notice.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { session, signIn } from '../state/session.ts';
import { useStore } from '../state/store.ts';

const AS_TEXT = { type: 'text' } as const;
const AS_SECRET = { type: 'password' } as const;

export function SignIn() {
  const { t } = usePage();
  const { refused } = useStore(session);
  const [failure, setFailure] = useState<Failure>();
  const [isEmpty, setEmpty] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [isShown, setShown] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const [id, hint] = [useId(), useId()];
  useEffect(() => input.current?.focus(), []);

  const submit = async (event: Event) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? '';
    setEmpty(token === '');
    setFailure(undefined);
    if (token === '') return input.current?.focus();
    setBusy(true);
    try {
      // A header can't hold anything else: it can't be a token.
      if (!/^[\x21-\x7e]+$/.test(token)) throw new Failure('unauthorized', { status: 401 });
      await createClient({ token: () => token }).get('runs?limit=1', isRunPage);
      signIn(token);
    } catch (error) {
      setFailure(toFailure(error));
      setBusy(false);
      input.current?.select();
      input.current?.focus();
    }
  };

  const isWrong = failure?.kind === 'unauthorized';
  return (
    <div class="sign-in">
      <Title text={t('signIn.title')} />
      {refused && !failure && <Notice tone="warn" title={t('signIn.refused')} isNews />}
      {isWrong ? (
        <Notice tone="bad" title={t('signIn.wrong.title')} isNews>
          <p>{t('signIn.wrong.advice')}</p>
        </Notice>
      ) : (
        failure && <FailureNotice failure={failure} />
      )}
      {isEmpty && <Notice tone="bad" title={t('signIn.empty')} isNews />}
      <form class="card pad" onSubmit={submit} noValidate>
        <label for={id}>{t('signIn.token')}</label>
        <div class="field-row">
          <input
            id={id}
            ref={input}
            {...(isShown ? AS_TEXT : AS_SECRET)}
            name="token"
            autocomplete="current-password"
            autocapitalize="off"
            spellcheck={false}
            aria-describedby={hint}
            aria-invalid={isWrong || isEmpty}
          />
          <button
            type="button"
            class="button"
            aria-pressed={isShown}
            onClick={() => setShown(!isShown)}
          >
            {t(isShown ? 'signIn.hide' : 'signIn.show')}
          </button>
        </div>
        <p id={hint} class="small muted">
          {t('signIn.kept')}
        </p>
        <button type="submit" class="button primary" disabled={isBusy}>
          {t(isBusy ? 'signIn.trying' : 'signIn.submit')}
        </button>
      </form>
      <section class="where" aria-labelledby={`${id}-where`}>
        <h2 id={`${id}-where`}>{t('signIn.where.title')}</h2>
        <ul>
          <li>
            {t('signIn.where.local')} <code>data/secrets.json</code> (<code>apiToken</code>)
          </li>
          <li>
            {t('signIn.where.demo')} <code>data/demo/secrets.json</code>
          </li>
          <li>
            {t('signIn.where.configured')} <code>WAYBILL_API_TOKENS</code>
          </li>
          <li>
            {t('signIn.where.aws')} <code>waybill/&lt;stage&gt;/api</code>
          </li>
        </ul>
      </section>
    </div>
  );
}
