import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';

import { getJson } from '../lib/api';
import { clock, duration, number } from '../lib/format';
import { usePoll } from '../lib/hooks';
import type {
  BackendRoutes,
  Backends as BackendsAnswer,
  BackendState,
  Circuit,
  RouteGroup,
} from '../lib/types';
import { Badge, Card, ErrorNote, Loading, Page, type Tone } from '../parts/ui';
import type { PageProps } from '../shell';

const circuitTone: Record<Circuit, Tone> = { closed: 'good', half_open: 'warn', open: 'bad' };
const circuitText: Record<Circuit, string> = {
  closed: 'circuit closed',
  half_open: 'circuit half open',
  open: 'circuit open',
};

export function CircuitBadge({
  circuit,
  openForMs = 0,
}: {
  circuit: Circuit;
  openForMs?: number;
}): JSX.Element {
  return (
    <Badge tone={circuitTone[circuit]}>
      {circuitText[circuit]}
      {circuit === 'open' && openForMs > 0 && ` for ${duration(openForMs)}`}
    </Badge>
  );
}

function Row({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function permitText({ limit, in_use, waiting }: BackendState['permits']): string {
  const used = limit > 0 ? `${in_use} of ${limit} in use` : `${in_use} in use, no limit`;
  return waiting > 0 ? `${used}, ${waiting} waiting` : used;
}

function Routes({ name, groups }: { name: string; groups: RouteGroup[] }): JSX.Element {
  const count = groups.reduce((sum, group) => sum + group.routes.length, 0);
  return (
    <details>
      <summary>
        {count} {count === 1 ? 'route' : 'routes'}
        <span class="visually-hidden"> of {name}</span>
      </summary>
      {groups.map((group) => (
        <div key={group.title}>
          <h3>{group.title}</h3>
          <ul class="routes">
            {group.routes.map((route) => (
              <li key={`${route.method} ${route.path}`}>
                <span class={`method ${route.method.toLowerCase()}`}>{route.method}</span>{' '}
                <code>{route.path}</code>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </details>
  );
}

function Peers({ peers }: { peers: BackendState['peers'] }): JSX.Element | null {
  if (peers.length === 0) return null;
  return (
    <Row label="Other replicas say">
      <ul class="plain">
        {peers.map((peer) => (
          <li key={peer.instance}>
            <span class="mono">{peer.instance}</span>{' '}
            <Badge tone={peer.healthy ? 'good' : 'bad'}>
              {peer.healthy ? 'healthy' : 'unhealthy'}
            </Badge>{' '}
            <CircuitBadge circuit={peer.circuit} />
          </li>
        ))}
      </ul>
    </Row>
  );
}

function BackendCard({
  backend,
  groups,
}: {
  backend: BackendState;
  groups: RouteGroup[] | undefined;
}): JSX.Element {
  const { last_error: fault } = backend;
  return (
    <div id={`backend-${backend.name}`} tabIndex={-1}>
      <Card
        title={backend.title || backend.name}
        actions={<CircuitBadge circuit={backend.circuit} openForMs={backend.open_for_ms} />}
      >
        <p class="muted small mono wrap">
          {backend.name} · {backend.type} · {backend.url}
        </p>
        <dl class="rows">
          <Row label="In flight">{number(backend.in_flight)}</Row>
          <Row label="Permits">{permitText(backend.permits)}</Row>
          <Row label="Idle connections">{number(backend.pool.idle)}</Row>
          <Row label="Attempts">
            {number(backend.attempts)}, {number(backend.failures)} failed
          </Row>
          <Row label="Addresses">
            {backend.resolved ? (
              <span class="mono wrap">{backend.addresses.join(', ')}</span>
            ) : (
              <Badge tone="warn">name not resolved yet</Badge>
            )}
          </Row>
          <Row label="Last error">
            {fault ? `${fault.what.replaceAll('_', ' ')} at ${clock(fault.at)}` : 'none'}
          </Row>
          <Peers peers={backend.peers} />
        </dl>
        {groups && groups.length > 0 && (
          <Routes name={backend.title || backend.name} groups={groups} />
        )}
      </Card>
    </div>
  );
}

export function Backends({ path }: PageProps): JSX.Element {
  const { data, error } = usePoll(
    (signal) => getJson<BackendsAnswer>('/api/backends', signal),
    2500,
  );
  const routes = usePoll((signal) => getJson<BackendRoutes>('/api/backend-routes', signal), 60_000);
  const wanted = path[0];
  const ready = data !== null;
  useEffect(() => {
    const element = wanted && ready ? document.getElementById(`backend-${wanted}`) : null;
    element?.scrollIntoView();
    element?.focus();
  }, [wanted, ready]);
  return (
    <Page title="Backends" lead="Where requests go, and how that works out">
      <ErrorNote error={error ?? routes.error} />
      {!data && !error && <Loading what="the backends" />}
      <div class="grid two">
        {data?.backends.map((backend) => (
          <BackendCard
            key={backend.name}
            backend={backend}
            groups={routes.data?.[backend.name]?.groups}
          />
        ))}
      </div>
    </Page>
  );
}
