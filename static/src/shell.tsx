import type { ComponentType, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { ApiError, getJson, logOut, messageOf } from './lib/api';
import { usePoll, useRoute } from './lib/hooks';
import { applyTheme, storedTheme, type Theme } from './lib/theme';
import type { Session } from './lib/types';
import { ApiDocs } from './pages/api-docs';
import { Backends } from './pages/backends';
import { Cluster } from './pages/cluster';
import { Configuration } from './pages/config';
import { Models } from './pages/models';
import { Overview } from './pages/overview';
import type { PageProps } from './pages/page-props';
import { Playground } from './pages/playground';
import { Requests } from './pages/requests';
import { Terminal } from './pages/terminal';
import { Voices } from './pages/voices';
import { Brand } from './parts/brand';
import { Closed } from './parts/closed';
import { Icon, type IconName } from './parts/icons';
import { Button, ErrorNote } from './parts/ui';

type Section = { id: string; label: string; icon: IconName; page: ComponentType<PageProps> };

const sections: Section[] = [
  { id: 'overview', label: 'Overview', icon: 'overview', page: Overview },
  { id: 'backends', label: 'Backends', icon: 'backends', page: Backends },
  { id: 'models', label: 'Models', icon: 'models', page: Models },
  { id: 'voices', label: 'Voices', icon: 'voices', page: Voices },
  { id: 'playground', label: 'Playground', icon: 'playground', page: Playground },
  { id: 'requests', label: 'Requests', icon: 'requests', page: Requests },
  { id: 'terminal', label: 'Terminal', icon: 'terminal', page: Terminal },
  { id: 'cluster', label: 'Cluster', icon: 'cluster', page: Cluster },
  { id: 'config', label: 'Configuration', icon: 'config', page: Configuration },
  { id: 'api', label: 'API docs', icon: 'api', page: ApiDocs },
];

const nextTheme: Record<Theme, Theme> = { system: 'dark', dark: 'light', light: 'system' };
const themeIcon: Record<Theme, IconName> = { system: 'system', dark: 'moon', light: 'sun' };

function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useState(storedTheme);
  const next = nextTheme[theme];
  const change = () => {
    applyTheme(next);
    setTheme(next);
  };
  return (
    <Button
      icon={themeIcon[theme]}
      label={`Colours: ${theme}. Change to ${next}`}
      onClick={change}
    />
  );
}

function SessionFoot({ session }: { session: Session | null }): JSX.Element {
  const [error, setError] = useState<unknown>(null);
  return (
    <div class="side-foot">
      {session && (
        <p class="muted small">
          <span class="mono">{session.instance}</span>
          <br />
          Synapse {session.version}
        </p>
      )}
      <div class="actions">
        <ThemeButton />
        {session?.gate === 'token' && (
          <Button icon="logout" onClick={() => logOut().catch(setError)}>
            Log out
          </Button>
        )}
      </div>
      {error !== null && (
        <p class="small" role="alert">
          {messageOf(error)}
        </p>
      )}
    </div>
  );
}

export function Shell(): JSX.Element {
  const route = useRoute();
  const section = sections.find((one) => one.id === route[0]) ?? sections[0]!;
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // The session ends on its own, too: then the next answer leads to the login.
  const session = usePoll((signal) => getJson<Session>('/api/session', signal), 60_000);

  useEffect(() => {
    setOpen(false);
    document.title = `${section.label} · Synapse`;
    // A new page begins at its heading, for the keyboard and for screen readers.
    if (!first.current) main.current?.querySelector('h1')?.focus();
    first.current = false;
    window.scrollTo(0, 0);
  }, [section.id]);

  const skip = (event: Event) => {
    event.preventDefault(); // the address is the router's
    main.current?.focus();
  };
  const PageOf = section.page;
  const closed =
    session.error instanceof ApiError && session.error.status === 403 ? session.error : null;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header class="side">
        <div class="side-head">
          <Brand href="#/overview" />
          <button
            type="button"
            class="button only-icon menu"
            aria-expanded={open}
            aria-controls="side-body"
            aria-label="Menu"
            onClick={() => setOpen(!open)}
          >
            <Icon name={open ? 'close' : 'menu'} />
          </button>
        </div>
        <div id="side-body" class={`side-body ${open ? 'open' : ''}`}>
          <nav aria-label="Sections">
            <ul>
              {sections.map((one) => (
                <li key={one.id}>
                  <a
                    href={`#/${one.id}`}
                    aria-current={one === section ? 'page' : undefined}
                    onClick={() => setOpen(false)}
                  >
                    <Icon name={one.icon} />
                    {one.label}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          <SessionFoot session={session.data} />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {!closed && !session.data && <ErrorNote error={session.error} />}
        {closed ? (
          <Closed reason={closed} />
        ) : (
          <PageOf key={section.id} session={session.data} path={route.slice(1)} />
        )}
      </main>
    </div>
  );
}
