/** The root component: shows the sign-in or the view that the address names. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { createClient } from './api/client.ts';
import { Shell } from './parts/shell.tsx';
import { PageContext } from './state/context.ts';
import { parseRoute, type Route } from './state/route.ts';
import { noteRole, session, signOut } from './state/session.ts';
import { language as languageStore } from './state/settings.ts';
import { useStore } from './state/store.ts';
import { createFormat } from './text/format.ts';
import { createTranslate } from './text/translate.ts';
import { MigrationView } from './views/migration.tsx';
import { MigrationsView } from './views/migrations.tsx';
import { NightlyView } from './views/nightly.tsx';
import { ProvidersView } from './views/providers.tsx';
import { RunView } from './views/run.tsx';
import { RunsView } from './views/runs.tsx';
import { SignIn } from './views/sign-in.tsx';
import { StartView } from './views/start.tsx';
import { TransferView } from './views/transfer.tsx';
import { UnknownView } from './views/unknown.tsx';

const client = createClient({
  token: () => session.get().token,
  onRole: noteRole,
  onUnauthorized: () => {
    if (session.get().token !== undefined) signOut(true);
  },
});

session.subscribe(() => {
  if (session.get().token === undefined) client.forget();
});

export function App() {
  const language = useStore(languageStore);
  const { token } = useStore(session);
  const route = useRoute();
  const page = useMemo(
    () => ({ client, language, t: createTranslate(language), format: createFormat(language) }),
    [language],
  );
  return (
    <PageContext.Provider value={page}>
      <Shell route={route} isSignedIn={token !== undefined}>
        {token === undefined ? <SignIn /> : <View route={route} />}
      </Shell>
    </PageContext.Provider>
  );
}

function View({ route }: { readonly route: Route }) {
  switch (route.page) {
    case 'runs':
      return <RunsView filter={route} />;
    case 'run':
      return <RunView key={route.runId} runId={route.runId} filter={route.filter} />;
    case 'migrations':
      return <MigrationsView state={route.state} />;
    case 'migration':
      return <MigrationView key={route.migrationId} migrationId={route.migrationId} />;
    case 'transfer':
      return <TransferView runId={route.runId} transferId={route.transferId} />;
    case 'nightly':
      return <NightlyView />;
    case 'providers':
      return <ProvidersView />;
    case 'start':
      return <StartView kind={route.kind} />;
    case 'unknown':
      return <UnknownView />;
  }
}

function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const take = () => setHash(location.hash);
    // It may have changed before anybody listened.
    take();
    window.addEventListener('hashchange', take);
    return () => window.removeEventListener('hashchange', take);
  }, []);
  return useMemo(() => parseRoute(hash), [hash]);
}
