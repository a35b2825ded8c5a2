import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';

import { getJson } from '../lib/api';
import { clock, duration, number, plural } from '../lib/format';
import { usePoll } from '../lib/hooks';
import type {
  BackendHealth,
  HealthStatus,
  Overview as OverviewAnswer,
  Percentiles,
  Sample,
} from '../lib/types';
import { Chart, type Series } from '../parts/chart';
import { Badge, Card, ErrorNote, Loading, Page, type Tone } from '../parts/ui';
import type { PageProps } from '../shell';

const keptSamples = 720; // an hour of five seconds each
const stripChecks = 60;

export const healthTone: Record<HealthStatus, Tone> = {
  healthy: 'good',
  busy: 'info',
  unhealthy: 'bad',
  unknown: 'idle',
};

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
          label: 'requests',
          color: '--series-1',
          values: rate((sample) => sample.requests),
          fill: true,
        },
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
  return (
    <div class="grid two">
      <Chart title="Request rate" times={shown.times} series={shown.requests} format={perSecond} />
      <Chart title="Errors" times={shown.times} series={shown.errors} format={perSecond} />
      <Chart title="Latency" times={shown.times} series={shown.latency} format={duration} />
      <Chart
        title="Time to first token"
        times={shown.times}
        series={shown.firstToken}
        format={duration}
      />
    </div>
  );
}

/** Adds what is new to what is known: only the first answer brings the whole history. */
function merge(known: Sample[], fresh: Sample[]): Sample[] {
  const last = known.at(-1)?.at ?? 0;
  return [...known, ...fresh.filter((sample) => sample.at > last)].slice(-keptSamples);
}

export function Overview(_: PageProps): JSX.Element {
  const known = useRef<{ instance: string; samples: Sample[] }>({ instance: '', samples: [] });
  const { data, error } = usePoll(async (signal) => {
    const since = known.current.samples.at(-1)?.at;
    const answer = await getJson<OverviewAnswer>(
      `/api/overview${since ? `?since=${since}` : ''}`,
      signal,
    );
    // Behind one address there may be several replicas, each with counts of its own.
    const before = known.current.instance === answer.instance ? known.current.samples : [];
    known.current = { instance: answer.instance, samples: merge(before, answer.samples) };
    return { ...answer, samples: known.current.samples };
  }, 2500);

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
  return (
    <Page
      title="Overview"
      lead={`What ${data.instance} does right now`}
      actions={
        <Badge tone={data.draining ? 'warn' : data.ready ? 'good' : 'warn'}>
          {data.draining ? 'draining' : data.ready ? 'ready' : 'starting'}
        </Badge>
      }
    >
      <ErrorNote error={error} />
      <dl class="figures">
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
      <Card title="Backends" actions={<a href="#/backends">Details</a>}>
        <ul class="health">
          {data.backends.map((backend) => (
            <BackendLine key={backend.name} backend={backend} />
          ))}
        </ul>
      </Card>
      <Charts samples={data.samples} interval={data.interval_seconds} />
    </Page>
  );
}
