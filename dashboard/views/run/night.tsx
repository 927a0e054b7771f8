/** The findings of a nightly pass: where it looked, what it skipped and why. */
import type { RunSummary } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { usePage } from '../../state/context.ts';

type Nightly = NonNullable<RunSummary['nightly']>;
type Place = Nightly['places'][number];
type Left = Nightly['left'][number];

function usePlaceColumns(): readonly Column<Place>[] {
  const { t, format } = usePage();
  return [
    {
      name: 'region',
      title: t('night.region'),
      isHead: true,
      cell: ({ region, version }) => `${region} (OMS ${version})`,
    },
    {
      name: 'project',
      title: t('night.project'),
      isWide: true,
      cell: ({ projectId }) => <code>{projectId}</code>,
    },
    {
      name: 'failed',
      title: t('night.failed'),
      isNumber: true,
      cell: ({ failed }) => format.count(failed),
    },
    {
      name: 'error',
      title: t('night.error'),
      isWide: true,
      cell: ({ error }) =>
        error ? (
          <span class="bad-text" lang="en">
            {error}
          </span>
        ) : (
          <span class="muted">{t('night.listed')}</span>
        ),
    },
  ];
}

function useLeftColumns(): readonly Column<Left>[] {
  const { t, format } = usePage();
  return [
    {
      name: 'reason',
      title: t('night.reason'),
      isHead: true,
      cell: ({ reason }) => <code>{reason}</code>,
    },
    {
      name: 'count',
      title: t('night.count'),
      isNumber: true,
      cell: ({ count }) => format.count(count),
    },
    {
      name: 'advice',
      title: t('failures.do'),
      isWide: true,
      cell: ({ advice }) => <span lang="en">{advice}</span>,
    },
    {
      name: 'examples',
      title: t('night.examples'),
      isWide: true,
      cell: ({ examples }) => (
        <span class="examples">
          {examples.map((example) => (
            <code key={example}>{example}</code>
          ))}
        </span>
      ),
    },
  ];
}

export function Night({ nightly }: { readonly nightly: Nightly }) {
  const { t } = usePage();
  const [places, left] = [usePlaceColumns(), useLeftColumns()];
  return (
    <>
      {nightly.places.length > 0 && (
        <Card title={t('night.places')}>
          <Table
            label={t('night.places')}
            columns={places}
            rows={nightly.places}
            keyOf={({ region, projectId, version }) => `${region} ${projectId} ${version}`}
          />
        </Card>
      )}
      {nightly.left.length > 0 && (
        <Card title={t('night.left')}>
          <Table
            label={t('night.left')}
            columns={left}
            rows={nightly.left}
            keyOf={({ reason }) => reason}
          />
        </Card>
      )}
    </>
  );
}
