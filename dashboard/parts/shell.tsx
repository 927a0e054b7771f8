/** The frame around every view: navigation, settings, and the state of the connection. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { connection } from '../live/connection.ts';
import { useNow } from '../live/use-live.ts';
import { usePage } from '../state/context.ts';
import { takeHeading, wantHeading, watchReader } from '../state/heading-focus.ts';
import { type Route, runsHref } from '../state/route.ts';
import { signOut, useMayWrite } from '../state/session.ts';
import {
  chooseLanguage,
  chooseTheme,
  THEMES,
  type Theme,
  theme as themeStore,
} from '../state/settings.ts';
import { useStore } from '../state/store.ts';
import { Icon, type IconName } from './icons.tsx';

interface ShellProps {
  readonly route: Route;
  readonly isSignedIn: boolean;
  readonly children: ComponentChildren;
}

export function Shell({ children, isSignedIn, route }: ShellProps) {
  const { t } = usePage();
  const main = useRef<HTMLElement>(null);
  useFocusOnNewView(main, viewOf(route));
  return (
    <>
      <header class="top">
        {/* No link: the address behind the # is a route here. */}
        <button type="button" class="skip" onClick={() => main.current?.focus()}>
          {t('shell.skip')}
        </button>
        <div class="top-inner">
          <a class="brand" href={runsHref()} aria-label={`Waybill, ${t('nav.runs')}`}>
            <Mark />
            Waybill
          </a>
          {isSignedIn && <Navigation route={route} />}
          <div class="tools">
            {isSignedIn && <PulseLine />}
            <LanguageSwitch />
            <ThemeSwitch />
            {isSignedIn && (
              <button
                type="button"
                class="bare tool"
                onClick={() => signOut()}
                aria-label={t('session.signOut')}
                title={t('session.signOut')}
              >
                <Icon name="exit" />
              </button>
            )}
          </div>
        </div>
      </header>
      <main ref={main} tabIndex={-1} id="main">
        {children}
      </main>
    </>
  );
}

const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
    <rect width="32" height="32" rx="7" class="mark-ground" />
    <path
      class="mark-paper"
      d="M9 7h10l5 5v13a1.5 1.5 0 0 1-1.5 1.5H9A1.5 1.5 0 0 1 7.5 25V8.5A1.5 1.5 0 0 1 9 7z"
    />
    <path class="mark-tick" d="M11.5 18.5l3.3 3.3 6-6.5" />
  </svg>
);

const viewOf = (route: Route): string =>
  route.page === 'run'
    ? `run ${route.runId}`
    : route.page === 'transfer'
      ? `transfer ${route.transferId}`
      : route.page === 'migration'
        ? `migration ${route.migrationId}`
        : route.page;

/** After going to another view its heading is where reading goes on. */
function useFocusOnNewView(main: { readonly current: HTMLElement | null }, view: string) {
  const before = useRef(view);
  useEffect(watchReader, []);
  useEffect(() => {
    if (before.current === view) return;
    before.current = view;
    window.scrollTo(0, 0);
    wantHeading();
    takeHeading(main.current?.querySelector('h1') ?? main.current);
  }, [main, view]);
}

const VIEWS = [
  ['migrations', '#/migrations'],
  ['runs', '#/'],
  ['nightly', '#/nightly'],
  ['providers', '#/providers'],
] as const;

function Navigation({ route }: { readonly route: Route }) {
  const { t } = usePage();
  const isCurrent = (page: string): boolean =>
    route.page === page ||
    (page === 'runs' && (route.page === 'run' || route.page === 'transfer')) ||
    (page === 'migrations' && route.page === 'migration');
  return (
    <nav aria-label={t('nav.label')}>
      {VIEWS.map(([page, href]) => (
        <a key={page} href={href} {...(isCurrent(page) && { 'aria-current': 'page' as const })}>
          {t(`nav.${page}`)}
        </a>
      ))}
      {useMayWrite() && (
        <a
          class="nav-start"
          href="#/start"
          {...(isCurrent('start') && { 'aria-current': 'page' as const })}
        >
          <Icon name="plus" />
          {t('nav.start')}
        </a>
      )}
    </nav>
  );
}

/** Said aloud only when it changes for better or worse. */
function PulseLine() {
  const { t, format } = usePage();
  const { answeredAt, failure } = useStore(connection);
  const now = useNow(1_000);
  const isFailing = failure !== undefined && failure !== 'unauthorized';
  if (answeredAt === undefined && !isFailing) return null;
  const age = answeredAt === undefined ? undefined : Math.max(0, (now - answeredAt) / 1_000);
  const text = isFailing ? t('pulse.lost') : t('pulse.live');
  const title = age === undefined ? text : t('pulse.updated', { ago: format.duration(age) });
  return (
    <span class={isFailing ? 'pulse lost' : 'pulse'} title={title}>
      <span class="pulse-dot" aria-hidden="true" />
      <span role="status">{text}</span>
    </span>
  );
}

function LanguageSwitch() {
  const { language } = usePage();
  const [other, name, label] =
    language === 'en'
      ? (['zh', '中文', '切换到中文'] as const)
      : (['en', 'English', 'Switch to English'] as const);
  return (
    <button
      type="button"
      class="bare tool"
      lang={other === 'zh' ? 'zh-CN' : 'en'}
      onClick={() => chooseLanguage(other)}
      title={label}
    >
      {name}
    </button>
  );
}

const THEME_ICONS: Readonly<Record<Theme, IconName>> = {
  system: 'screen',
  light: 'sun',
  dark: 'moon',
};

function ThemeSwitch() {
  const { t } = usePage();
  const chosen = useStore(themeStore);
  const next = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length] ?? 'system';
  const label = t('theme.label', { theme: t(`theme.${chosen}`), next: t(`theme.${next}`) });
  return (
    <button
      type="button"
      class="bare tool"
      onClick={() => chooseTheme(next)}
      aria-label={label}
      title={label}
    >
      <Icon name={THEME_ICONS[chosen]} />
    </button>
  );
}
