import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { getJson, sendJson } from '../lib/api';
import { clock, duration, number } from '../lib/format';
import { circuitTone, healthTone } from '../lib/health';
import { useAction, usePoll } from '../lib/hooks';
import type {
  BackendRoutes,
  Backends as BackendsAnswer,
  BackendState,
  BackendTest,
  Circuit,
  RouteGroup,
} from '../lib/types';
import { Badge, Button, Card, ErrorNote, Loading, Page } from '../parts/ui';
import type { PageProps } from './page-props';

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

/** Asks the backend now, and says what was asked and what came. */
function Test({ name, onTested }: { name: string; onTested: () => void }): JSX.Element {
  const [result, setResult] = useState<BackendTest | null>(null);
  const action = useAction();
  const test = () =>
    void action.run(async (signal) => {
      setResult(null);
      const path = `/api/backends/${encodeURIComponent(name)}/test`;
      setResult(await sendJson<BackendTest>('POST', path, undefined, signal));
      onTested();
    });
  return (
    <div class="backend-test">
      <Button icon="play" label={`Test ${name}`} disabled={action.busy} onClick={test}>
        {action.busy ? 'Testing …' : 'Test'}
      </Button>
      <ErrorNote error={action.error} onClose={action.clear} />
      <ul class="plain" role="status">
        {result?.steps.map((step) => (
          <li key={step.what}>
            <Badge tone={step.ok ? 'good' : 'bad'}>{step.status ?? 'no answer'}</Badge>{' '}
            <code>{step.what}</code>
            {step.ms !== null && <span class="muted small"> {duration(step.ms)}</span>}
            {step.said && <span class="small wrap"> {step.said}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}

function BackendCard({
  backend,
  groups,
  onTested,
}: {
  backend: BackendState;
  groups: RouteGroup[] | undefined;
  onTested: () => void;
}): JSX.Element {
  const { last_error: fault } = backend;
  return (
    <div id={`backend-${backend.name}`} tabIndex={-1}>
      <Card
        title={backend.title || backend.name}
        actions={
          <>
            <Badge tone={healthTone[backend.status]}>{backend.status}</Badge>
            <CircuitBadge circuit={backend.circuit} openForMs={backend.open_for_ms} />
          </>
        }
      >
        <p class="muted small mono wrap">
          {backend.name} · {backend.type} · {backend.url}
        </p>
        {backend.reason && <p class={`reason ${healthTone[backend.status]}`}>{backend.reason}</p>}
        <dl class="rows">
          <Row label="Health check">
            {backend.checked_at === null ? 'not yet' : `at ${clock(backend.checked_at)}`}
            {backend.latency_ms !== null && `, answered in ${duration(backend.latency_ms)}`}
          </Row>
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
        <Test name={backend.name} onTested={onTested} />
        {groups && groups.length > 0 && (
          <Routes name={backend.title || backend.name} groups={groups} />
        )}
      </Card>
    </div>
  );
}

export function Backends({ path }: PageProps): JSX.Element {
  const { data, at, error, refresh } = usePoll(
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
      <ErrorNote error={error ?? routes.error} since={data ? at : 0} />
      {!data && !error && <Loading what="the backends" />}
      <div class={`grid two ${error ? 'stale' : ''}`}>
        {data?.backends.map((backend) => (
          <BackendCard
            key={backend.name}
            backend={backend}
            groups={routes.data?.[backend.name]?.groups}
            onTested={refresh}
          />
        ))}
      </div>
    </Page>
  );
}
