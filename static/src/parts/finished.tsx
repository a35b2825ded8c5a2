import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { getJson } from '../lib/api';
import { curlOf } from '../lib/curl';
import { bytes, clock, duration, number, plural } from '../lib/format';
import { usePoll } from '../lib/hooks';
import { useStored } from '../lib/store';
import type { Finished, FinishedRequest, Outcome } from '../lib/types';
import { Attempts } from './attempts';
import { Badge, Button, Card, Empty, ErrorNote, Loading, Select, Table, type Tone } from './ui';

const outcomeTone: Record<Outcome, Tone> = {
  good: 'good',
  client_error: 'warn',
  server_error: 'bad',
  left: 'idle',
};
const outcomeText: Record<Outcome, string> = {
  good: '',
  client_error: '',
  server_error: '',
  left: 'left',
};
const statusChoices = [
  { value: '', label: 'all' },
  { value: '2xx', label: '2xx' },
  { value: '4xx', label: '4xx' },
  { value: '5xx', label: '5xx' },
  { value: 'error', label: 'failed (5xx, broken streams)' },
  { value: 'left', label: 'client left' },
];
const steps = [50, 200, 1000];

type Filter = { route: string; model: string; backend: string; status: string; limit: number };
const everything: Filter = { route: '', model: '', backend: '', status: '', limit: 50 };

function tokensText(one: FinishedRequest): string {
  if (one.prompt_tokens === null && one.completion_tokens === null) return '–';
  const known = (count: number | null) => (count === null ? '?' : number(count));
  return `${known(one.prompt_tokens)} → ${known(one.completion_tokens)}`;
}

function statusText(one: FinishedRequest): string {
  const said = outcomeText[one.outcome];
  if (said) return one.status === 499 ? said : `${one.status}, ${said}`;
  if (one.outcome === 'server_error' && one.status < 500) return `${one.status}, broken off`;
  return String(one.status);
}

function Details({ one }: { one: FinishedRequest }): JSX.Element {
  const rows: [string, string][] = [
    ['Request', one.id],
    ['Route', one.route || 'none'],
    ['Backend', one.backend || 'none was asked'],
    ['Attempts', String(one.attempts)],
    ...(one.deployment ? [['Deployment', one.deployment] as [string, string]] : []),
    ['Why it ended so', one.detail.replaceAll('_', ' ')],
    ['Stream', one.stream ? one.stream.replaceAll('_', ' ') : 'none'],
    ['In all', duration(one.duration_ms)],
    ['Gateway’s own share', duration(one.overhead_ms)],
    ['First byte after', one.first_byte_ms === null ? '–' : duration(one.first_byte_ms)],
    ['Received, sent', `${bytes(one.bytes_in)}, ${bytes(one.bytes_out)}`],
    ['Tokens read → written', tokensText(one)],
    ['Client', one.client],
  ];
  return (
    <dl class="rows facts">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd class="wrap">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function CopyCurl({ one }: { one: FinishedRequest }): JSX.Element {
  const [copied, setCopied] = useState('');
  const copy = () => {
    const text = curlOf(one, location.origin);
    // Browsers give the clipboard to https:// and localhost alone: elsewhere the text is shown.
    const shown = () => setCopied(text);
    if (!navigator.clipboard) shown();
    else navigator.clipboard.writeText(text).then(() => setCopied('copied'), shown);
  };
  return (
    <>
      <Button onClick={copy}>{copied === 'copied' ? 'Copied' : 'Copy as curl'}</Button>
      {copied !== '' && copied !== 'copied' && <pre class="wrap">{copied}</pre>}
      <span class="visually-hidden" role="status">
        {copied === 'copied' ? 'The command is in the clipboard' : ''}
      </span>
    </>
  );
}

function Row(props: { one: FinishedRequest; open: boolean; onToggle: () => void }): JSX.Element {
  const { one, open } = props;
  return (
    <>
      <tr class={open ? 'selected' : ''}>
        <th scope="row">
          <button
            type="button"
            class="link numeric nowrap"
            aria-expanded={open}
            onClick={props.onToggle}
          >
            {clock(one.ended_at)}
            <span class="visually-hidden"> details of request {one.id}</span>
          </button>
        </th>
        <td>
          <span class={`method ${one.method.toLowerCase()}`}>{one.method}</span>{' '}
          <code>{one.path || '–'}</code>
        </td>
        <td class="mono small wide-only">{one.model || '–'}</td>
        <td class="wide-only">{one.backend || '–'}</td>
        <td>
          <Badge tone={outcomeTone[one.outcome]}>{statusText(one)}</Badge>
        </td>
        <td class="numeric">{duration(one.duration_ms)}</td>
        <td class="numeric wide-only">
          {one.first_byte_ms === null ? '–' : duration(one.first_byte_ms)}
        </td>
        <td class="numeric wide-only">{tokensText(one)}</td>
      </tr>
      {open && (
        <tr class="detail-row">
          <td colSpan={8}>
            <Details one={one} />
            <Attempts trace={one.trace} />
            <div class="actions">
              <a class="button plain" href={`#/terminal/${encodeURIComponent(one.id)}`}>
                Log lines
              </a>
              <CopyCurl one={one} />
            </div>
          </td>
        </tr>
      )}
    </>
  );
}

function Filters(props: {
  known: Finished | null;
  filter: Filter;
  onChange: (filter: Filter) => void;
}): JSX.Element {
  const { known, filter, onChange } = props;
  const choices = (values: string[], chosen: string) => [
    { value: '', label: 'all' },
    ...[...new Set(chosen ? [...values, chosen] : values)].map((value) => ({
      value,
      label: value,
    })),
  ];
  const part = (label: string, key: 'route' | 'model' | 'backend', values: string[]) => (
    <Select
      label={label}
      value={filter[key]}
      choices={choices(values, filter[key])}
      onChange={(value) => onChange({ ...filter, [key]: value })}
    />
  );
  return (
    <div class="toolbar">
      {part('Route', 'route', known?.routes ?? [])}
      {part('Model', 'model', known?.models ?? [])}
      {part('Backend', 'backend', known?.backends ?? [])}
      <Select
        label="Status"
        value={filter.status}
        choices={statusChoices}
        onChange={(status) => onChange({ ...filter, status })}
      />
      {JSON.stringify(filter) !== JSON.stringify(everything) && (
        <Button onClick={() => onChange(everything)}>Show all</Button>
      )}
    </div>
  );
}

/** The last requests that have ended on this replica. */
export function FinishedRequests(): JSX.Element {
  const [filter, setFilter] = useStored<Filter>('requests', everything);
  const [open, setOpen] = useState('');
  const { data, at, error, refresh } = usePoll((signal) => {
    const query = new URLSearchParams({ limit: String(filter.limit) });
    for (const key of ['route', 'model', 'backend', 'status'] as const)
      if (filter[key]) query.set(key, filter[key]);
    return getJson<Finished>(`/api/requests/finished?${query}`, signal);
  }, 2500);
  useEffect(() => refresh(), [filter]);
  const more = steps.find((step) => step > filter.limit);
  return (
    <Card
      title="Finished"
      actions={
        data && (
          <span class="muted small">
            {plural(data.matching, 'request')} of the last {number(data.kept)}
          </span>
        )
      }
    >
      <ErrorNote error={error} since={data ? at : 0} />
      <Filters known={data} filter={filter} onChange={setFilter} />
      {!data && !error && <Loading what="the requests" />}
      {data && data.requests.length === 0 && (
        <Empty>
          {data.kept === 0 ? 'No request has ended yet.' : 'No request fits these filters.'}
        </Empty>
      )}
      {data && data.requests.length > 0 && (
        <Table
          caption="Finished requests"
          columns={[
            { label: 'Ended' },
            { label: 'Path' },
            { label: 'Model', wide: true },
            { label: 'Backend', wide: true },
            { label: 'Status' },
            { label: 'Time', numeric: true },
            { label: 'First byte', numeric: true, wide: true },
            { label: 'Tokens', numeric: true, wide: true },
          ]}
        >
          {data.requests.map((one) => {
            const key = `${one.id} ${one.ended_at}`;
            return (
              <Row
                key={key}
                one={one}
                open={open === key}
                onToggle={() => setOpen(open === key ? '' : key)}
              />
            );
          })}
        </Table>
      )}
      {data && more && data.matching > data.requests.length && (
        <div class="actions end more">
          <Button onClick={() => setFilter({ ...filter, limit: more })}>Show more</Button>
        </div>
      )}
    </Card>
  );
}
