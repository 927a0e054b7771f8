/** The table of findings about lines of a manifest. */
import { usePage } from '../state/context.ts';
import { reasonTitle } from './reason-title.ts';
import { type Column, Table } from './table.tsx';

interface ShownFinding {
  /** From 1. */
  readonly line: number;
  readonly byteOffset: number;
  readonly reason: string;
  readonly message: string;
  readonly fix?: string | undefined;
  readonly text?: string | undefined;
  readonly isWarning?: boolean;
}

export function FindingTable(props: {
  readonly label: string;
  readonly findings: readonly ShownFinding[];
}) {
  const { t, format, language } = usePage();
  const columns: readonly Column<ShownFinding>[] = [
    {
      name: 'line',
      title: t('finding.line'),
      isNumber: true,
      cell: ({ line, byteOffset }) => (
        <span title={t('finding.byte', { n: byteOffset })}>{format.count(line)}</span>
      ),
    },
    {
      name: 'reason',
      title: t('finding.problem'),
      isHead: true,
      cell: ({ reason, message }) => (
        <>
          {reasonTitle(reason, t)}
          <span class="below" lang="en">
            {language === 'en' ? message : `${reason}: ${message}`}
          </span>
        </>
      ),
    },
    ...(props.findings.some(({ text }) => text)
      ? [
          {
            name: 'text',
            title: t('finding.text'),
            isWide: true,
            cell: ({ text }: ShownFinding) =>
              text ? <code class="clip">{text}</code> : <span class="muted">–</span>,
          },
        ]
      : []),
    {
      name: 'fix',
      title: t('finding.fix'),
      isWide: true,
      cell: ({ fix }) =>
        fix ? (
          <code class="clip good-text">{fix}</code>
        ) : (
          <span class="muted">{t('finding.noFix')}</span>
        ),
    },
  ];
  return (
    <Table
      label={props.label}
      columns={columns}
      rows={props.findings}
      keyOf={({ line, reason }) => `${line} ${reason}`}
    />
  );
}
