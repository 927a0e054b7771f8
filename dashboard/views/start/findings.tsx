/** The linter's findings about a manifest, before anything is sent. */
import { useState } from 'preact/hooks';
import type { LintFindings } from '../../lint/protocol.ts';
import { draft, fixed, type LintState } from '../../model/draft.ts';
import { FindingTable } from '../../parts/finding-table.tsx';
import { hand } from '../../parts/hand.ts';
import { Icon } from '../../parts/icons.tsx';
import { Notice } from '../../parts/notice.tsx';
import { usePage } from '../../state/context.ts';
import { useStore } from '../../state/store.ts';

export function Findings({ lint }: { readonly lint: LintState }) {
  const { t, format } = usePage();
  if (lint.kind === 'reading') {
    return (
      <p class="loading" role="status">
        <span class="spinner" aria-hidden="true" />
        {t('lint.reading', { percent: format.percent(lint.fraction) })}
      </p>
    );
  }
  if (lint.kind === 'failed') {
    return (
      <Notice
        tone={lint.isPacked ? 'warn' : 'bad'}
        title={t(lint.isPacked ? 'lint.cantUnpack' : 'lint.notAManifest')}
        isNews
      >
        <p class="small" lang="en">
          {lint.message}
        </p>
        {lint.isPacked && <p>{t('lint.serviceChecks')}</p>}
      </Notice>
    );
  }
  return <Found findings={lint.findings} />;
}

/** The file with all suggested fixes, also those that are not listed. */
function FixedFile() {
  const { t } = usePage();
  const { file } = useStore(draft);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const name = file?.name.includes('.jsonl') ? 'fixed.jsonl' : 'fixed.csv';
  const take = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      hand(await fixed(false), name);
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="pad downloads">
      <button type="button" class="button" disabled={isBusy} onClick={() => void take()}>
        <Icon name="download" />
        {t('downloads.take', { name })}
      </button>
      <p class="small muted">{t('lint.fixed')}</p>
      {fault && (
        <Notice tone="bad" isNews>
          <p lang="en">{fault}</p>
        </Notice>
      )}
    </div>
  );
}

function Found({ findings }: { readonly findings: LintFindings }) {
  const { t } = usePage();
  const { hidden, quarantined, sample, tally, warnings } = findings;
  const warned = Object.values(tally.warnings).reduce((sum, count) => sum + count, 0);
  const tone = tally.transfers === 0 ? 'bad' : tally.quarantined > 0 ? 'warn' : 'good';
  return (
    <div class="found">
      <Notice
        tone={tone}
        title={t(
          tally.transfers === 0 ? 'lint.nothing' : tally.quarantined > 0 ? 'lint.some' : 'lint.all',
          { n: tally.transfers, bad: tally.quarantined },
        )}
        isNews
      >
        <p class="figures">
          {t('lint.counts', {
            lines: tally.lines - tally.header,
            transfers: tally.transfers,
            quarantined: tally.quarantined,
            blank: tally.blank,
            warnings: warned,
          })}
        </p>
      </Notice>
      {quarantined.length > 0 && (
        <>
          <h3 class="pad-x">{t('lint.quarantined', { n: tally.quarantined })}</h3>
          <FindingTable
            label={t('lint.quarantined', { n: tally.quarantined })}
            findings={quarantined}
          />
        </>
      )}
      {warnings.length > 0 && (
        <>
          <h3 class="pad-x">{t('lint.warnings', { n: warned })}</h3>
          <p class="pad-x small muted">{t('warnings.text')}</p>
          <FindingTable label={t('lint.warnings', { n: warned })} findings={warnings} />
        </>
      )}
      {(hidden > 0 || [...quarantined, ...warnings].some(({ fix }) => fix)) && <FixedFile />}
      {hidden > 0 && <p class="pad-x small muted">{t('lint.hidden', { n: hidden })}</p>}
      {sample.length > 0 && <Sample sample={sample} />}
    </div>
  );
}

function Sample({ sample }: Pick<LintFindings, 'sample'>) {
  const { t, format } = usePage();
  return (
    <details class="figures-details pad-x">
      <summary>{t('lint.sample')}</summary>
      <dl class="sample">
        {sample.map(({ line, url, key }) => (
          <div key={line}>
            <dt class="figures">{t('lint.line', { n: format.count(line) })}</dt>
            <dd>
              <code>{url}</code>
              <span class="muted"> → </span>
              <code>{key}</code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
