/** The view of one transfer with its history. */
import { isTransfer } from '../api/checks.ts';
import { transferPath } from '../api/paths.ts';
import type { HistoryEntry, Transfer } from '../api/types.ts';
import { useLive } from '../live/use-live.ts';
import { adviceOf } from '../model/advice.ts';
import { isExplained } from '../model/causes.ts';
import { TransferBadge } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Empty, FailureNotice, Loading, Notice } from '../parts/notice.tsx';
import { Title } from '../parts/title.tsx';
import { transferTitle } from '../parts/transfer-table.tsx';
import { usePage } from '../state/context.ts';
import { runHref } from '../state/route.ts';
import { DocumentationLink } from './run/failures.tsx';

const isFinal = ({ state }: Transfer): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled';

export function TransferView(props: { readonly runId: string; readonly transferId: string }) {
  const { t } = usePage();
  const { runId, transferId } = props;
  const path = transferPath(runId, transferId);
  // A failure may be tried again, a success is final.
  const live = useLive(path, isTransfer, (transfer) => {
    if (transfer.state === 'succeeded') return undefined;
    return isFinal(transfer) ? 15_000 : 2_000;
  });
  const back = { href: runHref(runId), text: t('transfer.back') };
  const transfer = live.value;
  if (!transfer) {
    const isMissing = live.failure?.kind === 'missing';
    return (
      <>
        <Title text={t('transfer.transfer')} back={back} />
        {isMissing && (
          <Empty title={t('transfer.missing', { id: transferId })}>
            <p>{t('transfer.missingWhy')}</p>
          </Empty>
        )}
        {live.failure && !isMissing && (
          <FailureNotice failure={live.failure} onRetry={live.refresh} />
        )}
        {!live.failure && <Loading />}
      </>
    );
  }
  return (
    <>
      {live.failure && <FailureNotice failure={live.failure} stays onRetry={live.refresh} />}
      <Title
        text={transferTitle(transfer, t)}
        badge={<TransferBadge state={transfer.state} />}
        back={back}
      />
      {transfer.cause && <CauseNotice transfer={transfer} />}
      <div class="grid even">
        <Details transfer={transfer} />
        <History transfer={transfer} />
      </div>
    </>
  );
}

function CauseNotice({ transfer }: { readonly transfer: Transfer }) {
  const { t } = usePage();
  const { cause, operation, state } = transfer;
  if (!cause) return null;
  return (
    <Notice
      tone={state === 'failed' ? 'bad' : 'warn'}
      title={
        <>
          <code>{cause.code}</code> · {t(`class.${cause.class}`)}
        </>
      }
    >
      <p>
        {isExplained(cause.code) ? t(`code.${cause.code}`) : t(`class.${cause.class}.means`)}{' '}
        {t(adviceOf(cause, { operation }, 'transfer'))}
      </p>
      <p class="small muted" lang="en">
        {cause.message}
      </p>
      <p class="links">
        {cause.requestId && (
          <span class="small">
            {t('transfer.requestId')} <Copyable text={cause.requestId} />
          </span>
        )}
        <DocumentationLink group={cause} />
      </p>
    </Notice>
  );
}

function Details({ transfer }: { readonly transfer: Transfer }) {
  const { t, format } = usePage();
  const {
    attempt,
    key,
    manifest,
    operation,
    progress,
    providerId,
    task,
    transferId,
    updatedAt,
    url,
  } = transfer;
  const rows: (readonly [string, preact.ComponentChildren])[] = [
    [t('run.operation'), t(`operation.${operation}`)],
    ...(key === undefined ? [] : [[t('transfer.target'), <Copyable text={key} />] as const]),
    ...(manifest === undefined
      ? []
      : [[t('transfer.target'), t(`transfer.manifest.${manifest}`)] as const]),
    ...(url === undefined ? [] : [[t('transfer.source'), <Copyable text={url} />] as const]),
    ...(task?.kind === 'oms' ? omsRows(task, t) : []),
    ...(task?.kind === 'batch' ? [[t('transfer.region'), task.region] as const] : []),
    ...(providerId === undefined
      ? []
      : [[t('transfer.providerId'), <Copyable text={providerId} />] as const]),
    [t('transfer.attempt'), format.count(attempt)],
    [t('transfer.updated'), <time dateTime={updatedAt}>{format.instant(updatedAt)}</time>],
    [t('transfer.id'), <Copyable text={transferId} />],
    ...(progress ? progressRows(progress, t, format) : []),
  ];
  return (
    <Card title={t('transfer.details')}>
      <dl class="details">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

type Words = ReturnType<typeof usePage>;
type OmsTask = Extract<NonNullable<Transfer['task']>, { kind: 'oms' }>;

const omsRows = (task: OmsTask, t: Words['t']): (readonly [string, string])[] => [
  [t('transfer.region'), task.region],
  [t('night.project'), task.projectId],
  [
    task.groupId === undefined ? t('transfer.task') : t('transfer.group'),
    task.taskId ?? task.groupId ?? '',
  ],
  [t('transfer.credentials'), task.credentials],
];

function progressRows(
  progress: NonNullable<Transfer['progress']>,
  t: Words['t'],
  format: Words['format'],
): (readonly [string, string])[] {
  const { bytes, bytesPerSecond, bytesTotal, objects, objectsFailed, objectsTotal } = progress;
  const of = (value: number | undefined, total: number | undefined, text: (n: number) => string) =>
    value === undefined
      ? undefined
      : total === undefined
        ? text(value)
        : `${text(value)} / ${text(total)}`;
  return [
    [t('transfer.providerState'), progress.providerState],
    [t('transfer.objects'), of(objects, objectsTotal, format.count)],
    [t('transfer.objectsFailed'), of(objectsFailed, undefined, format.count)],
    [t('transfer.bytes'), of(bytes, bytesTotal, format.bytes)],
    [t('run.rate'), bytesPerSecond === undefined ? undefined : `${format.bytes(bytesPerSecond)}/s`],
  ].filter((row): row is [string, string] => row[1] !== undefined);
}

/** As many as the ledger lists: later ones change the state alone. */
const LISTED = 64;

function History({ transfer: { history } }: { readonly transfer: Transfer }) {
  const { t, format } = usePage();
  const attempts = [...new Set(history.map(({ attempt }) => attempt))].sort((a, b) => a - b);
  return (
    <Card
      title={t('history.title')}
      class="history"
      aside={<span class="muted figures">{t('history.count', { n: history.length })}</span>}
    >
      {history.length === 0 && <p class="pad-x muted">{t('history.none')}</p>}
      {attempts.map((attempt) => (
        <section key={attempt} aria-label={t('history.attempt', { n: attempt })}>
          <h3 class="pad-x">{t('history.attempt', { n: attempt })}</h3>
          <ol class="timeline">
            {history
              .filter((entry) => entry.attempt === attempt)
              .map((entry, at) => (
                <Entry
                  key={`${entry.at} ${entry.event} ${at}`}
                  entry={entry}
                  format={format}
                  t={t}
                />
              ))}
          </ol>
        </section>
      ))}
      {history.length >= LISTED && (
        <p class="pad-x muted small">{t('history.full', { n: LISTED })}</p>
      )}
    </Card>
  );
}

function Entry(props: { readonly entry: HistoryEntry } & Pick<Words, 't' | 'format'>) {
  const { entry, format, t } = props;
  const { at, code, event, providerId, requestId, state } = entry;
  return (
    <li class={state}>
      <div class="entry-head">
        <strong>{t(`event.${event}`)}</strong>
        <TransferBadge state={state} />
        <time class="muted figures" dateTime={at} title={at}>
          {format.instant(at)}
        </time>
      </div>
      {(code || providerId || requestId) && (
        <dl class="entry-more">
          {code && (
            <div>
              <dt>{t('transfer.code')}</dt>
              <dd>
                <code>{code}</code>
              </dd>
            </div>
          )}
          {providerId && (
            <div>
              <dt>{t('transfer.providerId')}</dt>
              <dd>
                <code>{providerId}</code>
              </dd>
            </div>
          )}
          {requestId && (
            <div>
              <dt>{t('transfer.requestId')}</dt>
              <dd>
                <code>{requestId}</code>
              </dd>
            </div>
          )}
        </dl>
      )}
    </li>
  );
}
