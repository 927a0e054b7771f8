/** The sign-in: asks for the bearer token and tries it before anything else is shown. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { isRunPage } from '../api/checks.ts';
import { createClient } from '../api/client.ts';
import { Failure } from '../api/failure.ts';
import { useRequest } from '../live/use-action.ts';
import { FailureNotice, Notice } from '../parts/notice.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { session, signIn } from '../state/session.ts';
import { useStore } from '../state/store.ts';

const AS_TEXT = { type: 'text' } as const;
const AS_SECRET = { type: 'password' } as const;

export function SignIn() {
  const { t } = usePage();
  const [isEmpty, setEmpty] = useState(false);
  const [isShown, setShown] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const [id, hint] = [useId(), useId()];
  useEffect(() => input.current?.focus(), []);

  const { request, failure, isBusy } = useTrial(input);
  const submit = (event: Event) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? '';
    setEmpty(token === '');
    if (token === '') input.current?.focus();
    else void request(token);
  };

  const shown = isEmpty ? undefined : failure;
  return (
    <div class="sign-in">
      <Title text={t('signIn.title')} />
      <Refusal failure={shown} isEmpty={isEmpty} />
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
            aria-invalid={shown?.kind === 'unauthorized' || isEmpty}
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
      <Where />
    </div>
  );
}

function Refusal(props: { readonly failure: Failure | undefined; readonly isEmpty: boolean }) {
  const { t } = usePage();
  const { refused } = useStore(session);
  const { failure, isEmpty } = props;
  return (
    <>
      {refused && !failure && <Notice tone="warn" title={t('signIn.refused')} isNews />}
      {failure?.kind === 'unauthorized' ? (
        <Notice tone="bad" title={t('signIn.wrong.title')} isNews>
          <p>{t('signIn.wrong.advice')}</p>
        </Notice>
      ) : (
        failure && <FailureNotice failure={failure} />
      )}
      {isEmpty && <Notice tone="bad" title={t('signIn.empty')} isNews />}
    </>
  );
}

/** A header can't hold anything else: it can't be a token. */
const TOKEN = /^[\x21-\x7e]+$/;

/** Tries a token, which is chosen in its field when it is refused. */
const useTrial = (input: { readonly current: HTMLInputElement | null }) =>
  useRequest(async (token: string) => {
    try {
      await tryToken(token);
    } catch (error) {
      input.current?.select();
      input.current?.focus();
      throw error;
    }
  });

async function tryToken(token: string): Promise<void> {
  if (!TOKEN.test(token)) throw new Failure('unauthorized', { status: 401 });
  await createClient({ token: () => token }).get('runs?limit=1', isRunPage);
  signIn(token);
}

/** Where the token stands. */
function Where() {
  const { t } = usePage();
  const id = useId();
  return (
    <section class="where" aria-labelledby={id}>
      <h2 id={id}>{t('signIn.where.title')}</h2>
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
  );
}
