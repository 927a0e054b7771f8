/** The view that starts work: a migration, a run from a file, a job or a task. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { isRunPage } from '../api/checks.ts';
import { useLive } from '../live/use-live.ts';
import { draft, send, setPlace } from '../model/draft.ts';
import { isBucket, isManifestName, isRegion } from '../model/place.ts';
import { Field, focusWrongField } from '../parts/field.tsx';
import { Icon } from '../parts/icons.tsx';
import { FailureNotice, Notice } from '../parts/notice.tsx';
import { Title } from '../parts/title.tsx';
import { usePage } from '../state/context.ts';
import { runHref, runsHref, type StartKind } from '../state/route.ts';
import { session, useMayWrite } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { BatchForm } from './start/batch-form.tsx';
import { DropZone } from './start/drop-zone.tsx';
import { Findings } from './start/findings.tsx';
import { MigrationForm } from './start/migration-form.tsx';
import { OmsForm } from './start/oms-form.tsx';

const KINDS = [
  ['migration', '#/start/migration'],
  ['manifest', '#/start'],
  ['batch', '#/start/batch'],
  ['oms', '#/start/oms'],
] as const;

/** @param props.kind undefined: a manifest */
export function StartView({ kind }: { readonly kind: StartKind | undefined }) {
  const { t } = usePage();
  const current = kind ?? 'manifest';
  if (!useMayWrite()) {
    return (
      <>
        <Title text={t('start.title')} back={{ href: runsHref(), text: t('nav.runs') }} />
        <Notice tone="info" title={t('session.readOnly')}>
          <p>{t('session.readOnly.text')}</p>
        </Notice>
      </>
    );
  }
  return (
    <div class="start">
      <Title text={t('start.title')} back={{ href: runsHref(), text: t('nav.runs') }}>
        <nav class="kinds" aria-label={t('start.kinds')}>
          {KINDS.map(([name, href]) => (
            <a
              key={name}
              href={href}
              {...(name === current && { 'aria-current': 'page' as const })}
            >
              {t(`start.kind.${name}`)}
            </a>
          ))}
        </nav>
        <p class="lead">{t(`start.text.${current}`)}</p>
      </Title>
      {current === 'manifest' && <ManifestForm />}
      {current === 'migration' && <MigrationForm />}
      {current === 'batch' && <BatchForm />}
      {current === 'oms' && <OmsForm />}
    </div>
  );
}

function ManifestForm() {
  const { t, client } = usePage();
  const state = useStore(draft);
  const [isTried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { file, region, bucket, lint, sending, failure } = state;
  const goodName = file === undefined || isManifestName(file.name);
  const sendable = lint?.kind === 'done' ? lint.findings.tally.transfers : undefined;
  // A packed file that the browser can't read is for the service to judge.
  const canSend =
    file !== undefined &&
    goodName &&
    (Boolean(sendable) || (lint?.kind === 'failed' && lint.isPacked));
  const isBusy = sending !== 'no';

  const submit = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    if (!isRegion(region) || !isBucket(bucket) || !canSend) {
      focusWrongField(form.current);
      return;
    }
    const runId = await send(client, session.get().token ?? '');
    if (runId !== undefined) location.hash = runHref(runId);
  };

  return (
    <form ref={form} class="start" onSubmit={submit} noValidate>
      <section class="card" aria-labelledby="start-file">
        <header class="card-head">
          <h2 id="start-file">
            <span class="step">1</span> {t('start.file')}
          </h2>
        </header>
        <DropZone isInvalid={isTried && !file} />
        {!goodName && (
          <Notice tone="bad" title={t('start.badName')} isNews>
            <p>{t('start.badNameAdvice')}</p>
          </Notice>
        )}
        {file && goodName && lint && <Findings lint={lint} />}
      </section>
      <Target isTried={isTried} />
      {failure && <FailureNotice failure={failure} stays />}
      {failure && <p class="kept small muted">{t('start.kept')}</p>}
      <div class="send">
        <button
          type="submit"
          class="button primary large"
          disabled={isBusy || (file !== undefined && !canSend)}
        >
          <Icon name="up" />
          {sendable === undefined ? t('start.send') : t('start.sendCount', { n: sendable })}
        </button>
        <SendState />
      </div>
    </form>
  );
}

function SendState() {
  const { t, format } = usePage();
  const { sending, fraction } = useStore(draft);
  return (
    <p role="status" class="muted">
      {sending === 'preparing' && t('start.preparing')}
      {sending === 'uploading' && t('start.uploading', { percent: format.percent(fraction) })}
      {sending === 'starting' && t('start.starting')}
    </p>
  );
}

/** Region and bucket, with those of earlier runs at hand. */
function Target({ isTried }: { readonly isTried: boolean }) {
  const { t } = usePage();
  const { region, bucket } = useStore(draft);
  const runs = useLive('runs?limit=50', isRunPage);
  const targets = (runs.value?.runs ?? []).flatMap(({ target }) => (target ? [target] : []));
  const latest = targets[0];
  const [id, touched] = [useId(), useRef(false)];
  useEffect(() => {
    // Nearly always the bucket of the day before.
    const { region: known, bucket: chosen } = draft.get();
    if (latest && !touched.current && known === '' && chosen === '') setPlace(latest);
  }, [latest]);
  const take = (place: Parameters<typeof setPlace>[0]) => {
    touched.current = true;
    setPlace(place);
  };
  return (
    <section class="card" aria-labelledby={`${id}-title`}>
      <header class="card-head">
        <h2 id={`${id}-title`}>
          <span class="step">2</span> {t('start.target')}
        </h2>
      </header>
      <div class="fields pad">
        <Field
          label={t('start.region')}
          hint={t('start.regionHint')}
          value={region}
          isWrong={isTried && !isRegion(region)}
          placeholder="ap-shanghai"
          options={[...new Set(targets.map((target) => target.region))]}
          onInput={(text) => take({ region: text.trim() })}
          required
        />
        <Field
          label={t('start.bucket')}
          hint={t('start.bucketHint')}
          value={bucket}
          isWrong={isTried && !isBucket(bucket)}
          placeholder="examplebucket-1250000000"
          options={[...new Set(targets.map((target) => target.bucket))]}
          onInput={(text) => take({ bucket: text.trim() })}
          required
        />
      </div>
    </section>
  );
}
