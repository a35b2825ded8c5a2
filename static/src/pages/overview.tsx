import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { getJson, isUnreachable } from '../lib/api';
import { clock, duration, durationMarks, number, plural, rateMarks } from '../lib/format';
import { healthTone } from '../lib/health';
import { usePoll } from '../lib/hooks';
import { merge, onTimesOf } from '../lib/samples';
import type {
  BackendHealth,
  Overview as OverviewAnswer,
  Percentiles,
  RouteSummary,
  Sample,
} from '../lib/types';
import { Chart, type Series } from '../parts/chart';
import { Badge, Button, Card, ErrorNote, Loading, Page, Select, Table } from '../parts/ui';
import type { PageProps } from './page-props';

const stripChecks = 60;

function HistoryStrip({ backend }: { backend: BackendHealth }): JSX.Element {
  const checks = backend.history.slice(-stripChecks);
  const bad = checks.filter((check) => check.status === 'unhealthy').length;
  const missing = stripChecks - checks.length;
  const label =
    checks.length === 0
      ? 'not checked yet'
      : `${plural(bad, 'failure')} in the last ${plural(checks.length, 'check')}`;
  return (
    <svg
      class="strip"
      viewBox={`0 0 ${stripChecks * 4} 18`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {checks.map((check, i) => (
        <rect
          key={check.at}
          class={healthTone[check.status]}
          x={(missing + i) * 4}
          y={check.status === 'unhealthy' ? 0 : 4}
          width="2.6"
          rx="0.8"
          height={check.status === 'unhealthy' ? 18 : 14}
        >
          <title>
            {clock(check.at)}: {check.status}
            {check.latency_ms !== null && `, ${duration(check.latency_ms)}`}
            {check.reason && ` (${check.reason})`}
          </title>
        </rect>
      ))}
    </svg>
  );
}

function BackendLine({ backend }: { backend: BackendHealth }): JSX.Element {
  return (
    <li class="health-line">
      <div class="health-name">
        <a href={`#/backends/${encodeURIComponent(backend.name)}`}>
          {backend.title || backend.name}
        </a>
        <span class="muted small mono">{backend.name}</span>
        {backend.reason && <span class={`reason small ${healthTone[backend.status]}`}>{backend.reason}</span>}
      </div>
      <HistoryStrip backend={backend} />
      <span class="numeric small muted">
        {backend.latency_ms === null ? '–' : duration(backend.latency_ms)}
      </span>
      <Badge tone={healthTone[backend.status]}>{backend.status}</Badge>
    </li>
  );
}

function Figure({
  label,
  value,
  note,
}: {
  label: string;
  value: string;
  note?: string;
}): JSX.Element {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>
        {value}
        {note && <span class="muted small"> {note}</span>}
      </dd>
    </div>
  );
}

const time = (times: Percentiles | null, key: keyof Percentiles) =>
  times === null ? '–' : duration(times[key]);

function RouteRow(props: {
  one: RouteSummary;
  chosen: boolean;
  onChoose: () => void;
}): JSX.Element {
  const { one, chosen } = props;
  const errors = one.client_errors + one.server_errors;
  return (
    <tr class={chosen ? 'selected' : ''}>
      <th scope="row">
        <button
          type="button"
          class="link mono"
          aria-pressed={chosen}
          onClick={props.onChoose}
          title={chosen ? 'Show all routes in the charts' : 'Show this route alone in the charts'}
        >
          {one.route}
        </button>
      </th>
      <td class="numeric">{number(one.requests)}</td>
      <td
        class={`numeric ${one.server_errors > 0 ? 'some' : errors > 0 ? '' : 'muted'}`}
        title={`${plural(one.client_errors, 'client error')} (4xx), ${plural(one.server_errors, 'server error')} (5xx)`}
      >
        {number(errors)}
      </td>
      <td class="numeric wide-only">{number(one.left)}</td>
      <td class="numeric wide-only">{time(one.duration_ms, 'p50')}</td>
      <td class="numeric">{time(one.duration_ms, 'p95')}</td>
      <td class="numeric wide-only">{time(one.duration_ms, 'p99')}</td>
      <td class="numeric wide-only">{time(one.first_token_ms, 'p50')}</td>
    </tr>
  );
}

function Routes(props: {
  routes: RouteSummary[];
  chosen: string;
  onChoose: (route: string) => void;
}): JSX.Element {
  return (
    <Card title="Routes, last hour">
      {props.routes.length === 0 && <p class="empty">Nobody has asked anything yet.</p>}
      {props.routes.length > 0 && (
        <Table
          caption="Routes"
          columns={[
            { label: 'Route' },
            { label: 'Requests', numeric: true },
            { label: 'Errors', numeric: true },
            { label: 'Left', numeric: true, wide: true },
            { label: 'p50', numeric: true, wide: true },
            { label: 'p95', numeric: true },
            { label: 'p99', numeric: true, wide: true },
            { label: 'First token p50', numeric: true, wide: true },
          ]}
        >
          {props.routes.map((one) => (
            <RouteRow
              key={one.route}
              one={one}
              chosen={one.route === props.chosen}
              onChoose={() => props.onChoose(one.route === props.chosen ? '' : one.route)}
            />
          ))}
        </Table>
      )}
    </Card>
  );
}

function percentileSeries(
  samples: Sample[],
  pick: (sample: Sample) => Percentiles | null,
): Series[] {
  const values = (key: keyof Percentiles) => samples.map((sample) => pick(sample)?.[key] ?? null);
  return [
    { label: 'p50', color: '--series-1', values: values('p50') },
    { label: 'p95', color: '--series-2', values: values('p95') },
    { label: 'p99', color: '--series-3', values: values('p99') },
  ];
}

const perSecond = (value: number) => `${number(value, value < 10 ? 1 : 0)}/s`;

function Charts({ samples, interval }: { samples: Sample[]; interval: number }): JSX.Element {
  const shown = useMemo(() => {
    const rate = (count: (sample: Sample) => number) =>
      samples.map((sample) => count(sample) / interval);
    return {
      times: samples.map((sample) => sample.at),
      requests: [
        {
          label: 'ended',
          color: '--series-1',
          values: rate((sample) => sample.requests),
          fill: true,
        },
        { label: 'left by their client', color: '--series-3', values: rate((one) => one.left) },
      ],
      errors: [
        {
          label: 'client (4xx)',
          color: '--series-2',
          values: rate((sample) => sample.client_errors),
        },
        {
          label: 'server (5xx)',
          color: '--series-4',
          values: rate((sample) => sample.server_errors),
          fill: true,
        },
      ],
      latency: percentileSeries(samples, (sample) => sample.duration_ms),
      firstToken: percentileSeries(samples, (sample) => sample.first_token_ms),
    };
  }, [samples, interval]);
  const rates = { times: shown.times, format: perSecond, marks: rateMarks };
  const durations = { times: shown.times, format: duration, marks: durationMarks };
  return (
    <div class="grid two">
      <Chart title="Request rate" {...rates} series={shown.requests} empty="nothing measured yet" />
      <Chart title="Errors" {...rates} series={shown.errors} empty="nothing measured yet" />
      <Chart title="Latency" {...durations} series={shown.latency} empty="no request yet" />
      <Chart
        title="Time to first token"
        {...durations}
        series={shown.firstToken}
        empty="no stream yet"
      />
    </div>
  );
}

type Known = { of: string; samples: Sample[] };

/** The overview, with all samples that are known, and those of one route beside them. */
function useOverview(route: string) {
  const known = useRef<{ all: Known; one: Known }>({
    all: { of: '', samples: [] },
    one: { of: '', samples: [] },
  });
  const ask = async (which: 'all' | 'one', name: string, signal: AbortSignal) => {
    const before = known.current[which];
    const since = before.of.endsWith(` ${name}`) ? before.samples.at(-1)?.at : undefined;
    const query = new URLSearchParams();
    if (name) query.set('route', name);
    if (since) query.set('since', String(since));
    const answer = await getJson<OverviewAnswer>(`/api/overview?${query}`, signal);
    // Behind one address there may be several replicas, each with counts of its own.
    const of = `${answer.instance} ${name}`;
    const samples = merge(before.of === of ? before.samples : [], answer.samples);
    known.current[which] = { of, samples };
    return { ...answer, samples };
  };
  const polled = usePoll(async (signal) => {
    const all = await ask('all', '', signal);
    const one = route ? await ask('one', route, signal) : null;
    return { ...all, shown: one ? onTimesOf(all.samples, one.samples) : all.samples };
  }, 2500);
  useEffect(() => polled.refresh(), [route]);
  return polled;
}

export function Overview(_: PageProps): JSX.Element {
  const [route, setRoute] = useState('');
  const { data, error, at } = useOverview(route);

  if (!data)
    return (
      <Page title="Overview">
        <ErrorNote error={error} />
        {!error && <Loading what="the overview" />}
      </Page>
    );
  const healthy = data.backends.filter(
    (backend) => backend.status === 'healthy' || backend.status === 'busy',
  ).length;
  const routes = data.routes.map((summary) => summary.route);
  return (
    <Page
      title="Overview"
      lead={`What ${data.instance} does right now`}
      actions={<State data={data} error={error} />}
    >
      <ErrorNote error={error} since={at} />
      <dl class={`figures ${error ? 'stale' : ''}`}>
        <Figure
          label="In flight"
          value={number(data.in_flight)}
          note={plural(data.connections, 'connection')}
        />
        <Figure label="Backends healthy" value={`${healthy} of ${data.backends.length}`} />
        <Figure label="Uptime" value={duration(data.uptime_seconds * 1000)} />
        <Figure label="Version" value={data.version} />
        <Figure label="Instance" value={data.instance} />
      </dl>
      <Card title="Backends" class={error ? 'stale' : ''} actions={<a href="#/backends">Details</a>}>
        <ul class="health">
          {data.backends.map((backend) => (
            <BackendLine key={backend.name} backend={backend} />
          ))}
        </ul>
      </Card>
      {routes.length > 0 && (
        <div class="toolbar">
          <Select
            label="Charts show"
            value={route}
            onChange={setRoute}
            choices={[
              { value: '', label: 'all routes' },
              ...(route && !routes.includes(route) ? [{ value: route, label: route }] : []),
              ...routes.map((name) => ({ value: name, label: name })),
            ]}
          />
          {route && <Button onClick={() => setRoute('')}>All routes</Button>}
        </div>
      )}
      <Charts samples={data.shown} interval={data.interval_seconds} />
      <Routes routes={data.routes} chosen={route} onChoose={setRoute} />
    </Page>
  );
}

/** What was true when it was last heard of is not shown as true now. */
function State({ data, error }: { data: OverviewAnswer; error: unknown }): JSX.Element {
  if (isUnreachable(error)) return <Badge tone="bad">not reachable</Badge>;
  if (error) return <Badge tone="bad">does not tell</Badge>;
  if (data.draining) return <Badge tone="warn">draining</Badge>;
  return <Badge tone={data.ready ? 'good' : 'warn'}>{data.ready ? 'ready' : 'starting'}</Badge>;
}
