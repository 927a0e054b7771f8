/** The view of one transfer with its history. */
import { isTransfer } from '../api/checks.ts';
import { transferPath } from '../api/paths.ts';
import type { HistoryEntry, Transfer } from '../api/types.ts';
import { useLive } from '../live/use-live.ts';
import { adviceOf } from '../model/advice.ts';
import { isExplained } from '../model/causes.ts';
import { Absent } from '../parts/absent.tsx';
import { TransferBadge } from '../parts/badge.tsx';
import { Card } from '../parts/card.tsx';
import { Copyable } from '../parts/copy.tsx';
import { type Fact, Facts, factOf, Instant } from '../parts/facts.tsx';
import { LiveFailure, Notice } from '../parts/notice.tsx';
import { Title } from '../parts/title.tsx';
import { transferTitle } from '../parts/transfer-table.tsx';
import { type Page, usePage } from '../state/context.ts';
import { runHref } from '../state/route.ts';
import { DocumentationLink } from './run/failures.tsx';
import { TaskActions } from './transfer/task-actions.tsx';

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
    return (
      <Absent
        live={live}
        title={t('transfer.transfer')}
        missing={t('transfer.missing', { id: transferId })}
        back={back}
      >
        <p>{t('transfer.missingWhy')}</p>
      </Absent>
    );
  }
  return (
    <>
      <LiveFailure live={live} />
      <Title
        text={transferTitle(transfer, t)}
        badge={<TransferBadge state={transfer.state} />}
        back={back}
      />
      {transfer.cause && <CauseNotice transfer={transfer} />}
      <TaskActions transfer={transfer} onDone={live.refresh} />
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
  const page = usePage();
  const { t, format } = page;
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
  return (
    <Card title={t('transfer.details')}>
      <Facts
        class="details"
        facts={[
          [t('run.operation'), t(`operation.${operation}`)],
          ...factOf(t('transfer.target'), key && <Copyable text={key} />),
          ...factOf(t('transfer.target'), manifest && t(`transfer.manifest.${manifest}`)),
          ...factOf(t('transfer.source'), url && <Copyable text={url} />),
          ...(task?.kind === 'oms' ? omsFacts(task, t) : []),
          ...factOf(t('transfer.region'), task?.kind === 'batch' ? task.region : undefined),
          ...factOf(t('transfer.providerId'), providerId && <Copyable text={providerId} />),
          [t('transfer.attempt'), format.count(attempt)],
          [t('transfer.updated'), <Instant at={updatedAt} />],
          [t('transfer.id'), <Copyable text={transferId} />],
          ...(progress ? progressFacts(progress, page) : []),
        ]}
      />
    </Card>
  );
}

type OmsTask = Extract<NonNullable<Transfer['task']>, { kind: 'oms' }>;

const omsFacts = (task: OmsTask, t: Page['t']): readonly Fact[] => [
  [t('transfer.region'), task.region],
  [t('night.project'), task.projectId],
  [
    task.groupId === undefined ? t('transfer.task') : t('transfer.group'),
    task.taskId ?? task.groupId ?? '',
  ],
  [t('transfer.credentials'), task.credentials],
];

function progressFacts(
  progress: NonNullable<Transfer['progress']>,
  { t, format }: Page,
): readonly Fact[] {
  const { bytes, bytesPerSecond, bytesTotal, objects, objectsFailed, objectsTotal } = progress;
  const of = (value: number | undefined, total: number | undefined, text: (n: number) => string) =>
    value === undefined
      ? undefined
      : total === undefined
        ? text(value)
        : `${text(value)} / ${text(total)}`;
  return [
    ...factOf(t('transfer.providerState'), progress.providerState),
    ...factOf(t('transfer.objects'), of(objects, objectsTotal, format.count)),
    ...factOf(t('transfer.objectsFailed'), of(objectsFailed, undefined, format.count)),
    ...factOf(t('transfer.bytes'), of(bytes, bytesTotal, format.bytes)),
    ...factOf(
      t('run.rate'),
      of(bytesPerSecond, undefined, (n) => `${format.bytes(n)}/s`),
    ),
  ];
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

function Entry(props: { readonly entry: HistoryEntry } & Pick<Page, 't' | 'format'>) {
  const { entry, format, t } = props;
  const { at, code, event, providerId, requestId, state } = entry;
  const facts = [
    ...factOf(t('transfer.code'), code && <code>{code}</code>),
    ...factOf(t('transfer.providerId'), providerId && <code>{providerId}</code>),
    ...factOf(t('transfer.requestId'), requestId && <code>{requestId}</code>),
  ];
  return (
    <li class={state}>
      <div class="entry-head">
        <strong>{t(`event.${event}`)}</strong>
        <TransferBadge state={state} />
        <time class="muted figures" dateTime={at} title={at}>
          {format.instant(at)}
        </time>
      </div>
      {facts.length > 0 && <Facts class="entry-more" facts={facts} />}
    </li>
  );
}
