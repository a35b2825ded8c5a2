// Names of the catalog, and how the deployments behind each are.
import { Fragment, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { sendJson } from '../lib/api';
import { clock, duration, number, plural } from '../lib/format';
import type { Polled } from '../lib/hooks';
import { useAction } from '../lib/hooks';
import type { Catalog, CatalogName, Deployment } from '../lib/types';
import { Badge, Button, Card, ErrorNote, SearchField, Table, type Tone } from './ui';

const stateTone: Record<Deployment['state'], Tone> = {
  ready: 'good',
  full: 'warn',
  half_open: 'warn',
  no_address: 'bad',
  shut: 'bad',
  drained: 'idle',
};
const stateText: Record<Deployment['state'], string> = {
  ready: 'ready',
  full: 'full',
  half_open: 'half open',
  no_address: 'no address',
  shut: 'shut',
  drained: 'drained',
};
const loadedText: Record<Deployment['loaded'], string> = {
  unknown: '–',
  loaded: 'loaded',
  loading: 'loading',
  cold: 'not loaded',
  cold_evicts: 'not loaded, no room',
};
const searchedFrom = 8; // names

/** The time, anew every second, as long as somebody counts down. */
function useNow(counting: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!counting) return;
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, [counting]);
  return Math.max(now, Date.now());
}

/** `at`: when `one` came, milliseconds since 1970. */
function Countdown({ one, at }: { one: Deployment; at: number }): JSX.Element | null {
  const now = useNow(one.retry_in_seconds !== null);
  if (one.retry_in_seconds === null) return null;
  const left = Math.max(0, Math.ceil(one.retry_in_seconds - (now - at) / 1000));
  return <span class="nowrap">{left > 0 ? `tried in ${duration(left * 1000)}` : 'tried next'}</span>;
}

function StateCell({ one, at }: { one: Deployment; at: number }): JSX.Element {
  return (
    <td class="state">
      <Badge tone={stateTone[one.state]}>{stateText[one.state]}</Badge>
      {(one.reason || one.retry_in_seconds !== null) && (
        <div class={`small reason ${stateTone[one.state] === 'bad' ? 'bad' : ''}`}>
          {one.reason}
          {one.reason && one.retry_in_seconds !== null && ', '}
          <Countdown one={one} at={at} />
        </div>
      )}
      {one.last_error && (
        <div class="small muted">
          {clock(one.last_error.at)}: {one.last_error.what}
        </div>
      )}
    </td>
  );
}

function DeploymentRow(props: {
  one: Deployment;
  at: number;
  busy: boolean;
  onDrain: (out: boolean) => void;
}): JSX.Element {
  const { one } = props;
  const drained = one.state === 'drained';
  return (
    <tr>
      <th scope="row" class="deployment">
        <span class="mono">{one.id}</span>
        <div class="small muted">
          tier {one.tier}, weight {one.weight}
        </div>
        <div class="small muted narrow-only">share {number(one.share * 100)} %</div>
      </th>
      <td class="numeric wide-only">{number(one.share * 100)} %</td>
      <StateCell one={one} at={props.at} />
      <td class="wide-only">{loadedText[one.loaded]}</td>
      <td class="numeric wide-only">
        {one.in_flight}
        {one.queue > 0 && <span class="muted"> + {one.queue}</span>}
      </td>
      <td class="numeric wide-only">
        {one.first_token_ms === null ? '–' : duration(one.first_token_ms)}
      </td>
      <td>
        <div class="actions end">
          <Button
            icon={drained ? 'play' : 'pause'}
            label={`${drained ? 'Enable' : 'Drain'} ${one.id}`}
            disabled={props.busy}
            onClick={() => props.onDrain(!drained)}
          >
            {drained ? 'Enable' : 'Drain'}
          </Button>
        </div>
      </td>
    </tr>
  );
}

function fallbackText(name: CatalogName): string {
  const { any, context, policy } = name.fallbacks;
  const same = (a: string[], b: string[]) => a.join() === b.join();
  const parts = any.length > 0 ? [`then ${any.join(', ')}`] : [];
  if (context.length > 0 && !same(context, any)) parts.push(`too long: ${context.join(', ')}`);
  if (policy.length > 0 && !same(policy, any)) parts.push(`refused: ${policy.join(', ')}`);
  return parts.join('; ');
}

function NameRow({ name }: { name: CatalogName }): JSX.Element {
  const facts = [
    name.aliases.length > 0 && `also ${name.aliases.join(', ')}`,
    name.deployments.length > 1 && name.strategy,
    fallbackText(name),
    plural(name.recent_requests, 'request') + ' in 5 min',
  ].filter(Boolean);
  return (
    <tr class="group">
      <th scope="rowgroup" colSpan={7}>
        <strong class="mono">{name.name}</strong>
        {name.hidden && <span class="tag">hidden</span>}
        <span class="small muted"> {facts.join(' · ')}</span>
      </th>
    </tr>
  );
}

type Done = { id: string; out: boolean };

/** What was done, and the way back: nobody is asked whether they are sure. */
function Undo({ done, onUndo }: { done: Done; onUndo: () => void }): JSX.Element {
  return (
    <div class="note info">
      <div role="status">
        <span class="mono">{done.id}</span>{' '}
        {done.out
          ? 'gets no further requests from this replica; those under way end as they would.'
          : 'gets requests again.'}
      </div>
      <Button label={`Undo: ${done.out ? 'enable' : 'drain'} ${done.id}`} onClick={onUndo}>
        Undo
      </Button>
    </div>
  );
}

export function CatalogNames({ known }: { known: Polled<Catalog> }): JSX.Element | null {
  const [search, setSearch] = useState('');
  const [done, setDone] = useState<Done | null>(null);
  const action = useAction();
  const { data, at, refresh } = known;
  if (!data || data.names.length === 0) return null;

  const drain = (id: string, out: boolean, isUndo = false) =>
    void action.run(async (signal) => {
      const what = out ? 'drain' : 'enable';
      await sendJson('POST', `/api/catalog/deployments/${what}`, { id }, signal);
      setDone(isUndo ? null : { id, out });
      refresh();
    });
  const names = data.names.filter((name) =>
    [name.name, ...name.aliases, ...name.deployments.map((one) => one.id)].some((text) =>
      text.toLowerCase().includes(search.toLowerCase()),
    ),
  );
  return (
    <Card
      title="Names"
      actions={<span class="muted small">{plural(data.total, 'name')}, on this replica</span>}
    >
      <ErrorNote error={action.error} onClose={action.clear} />
      {done && <Undo done={done} onUndo={() => drain(done.id, !done.out, true)} />}
      {data.total > searchedFrom && <SearchField value={search} onChange={setSearch} />}
      <Table
        caption="Names and their deployments"
        columns={[
          { label: 'Deployment' },
          { label: 'Share', numeric: true, wide: true },
          { label: 'State' },
          { label: 'Model', wide: true },
          { label: 'In flight', numeric: true, wide: true },
          { label: 'First token', numeric: true, wide: true },
          { label: 'Actions', hidden: true },
        ]}
      >
        {names.map((name) => (
          <Fragment key={name.name}>
            <NameRow name={name} />
            {name.deployments.map((one) => (
              <DeploymentRow
                key={one.id}
                one={one}
                at={at}
                busy={action.busy}
                onDrain={(out) => drain(one.id, out)}
              />
            ))}
          </Fragment>
        ))}
      </Table>
      {data.total > data.names.length && (
        <p class="muted">The first {data.names.length} names are shown.</p>
      )}
    </Card>
  );
}
