import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { getJson } from '../lib/api';
import { dateTime } from '../lib/format';
import { usePoll } from '../lib/hooks';
import { linesWith } from '../lib/settings-text';
import type { ActiveConfig } from '../lib/types';
import {
  Badge,
  Card,
  Empty,
  ErrorNote,
  Loading,
  Note,
  Page,
  SearchField,
  type Tone,
} from '../parts/ui';
import type { PageProps } from './page-props';

type Reload = ActiveConfig['reloads'][number];
const resultTone: Record<Reload['result'], Tone> = {
  applied: 'good',
  rejected: 'bad',
};
const resultText: Record<Reload['result'], string> = {
  applied: 'applied',
  rejected: 'refused',
};

function ReloadView({ one }: { one: Reload }): JSX.Element {
  return (
    <li>
      <Badge tone={resultTone[one.result]}>{resultText[one.result]}</Badge>{' '}
      <span class="muted">{dateTime(one.at)}</span>
      {one.problems.length > 0 && (
        <ul class="problems mono small">
          {one.problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
    </li>
  );
}

export function Configuration(_: PageProps): JSX.Element {
  const { data, at, error } = usePoll(
    (signal) => getJson<ActiveConfig>('/api/config', signal),
    10_000,
  );
  const [search, setSearch] = useState('');
  const refused = data?.reloads[0]?.result === 'rejected';
  const shown = data ? linesWith(data.settings, search) : '';
  return (
    <Page
      title="Configuration"
      lead={data ? `What is in force, from ${data.file}` : 'What is in force'}
    >
      <ErrorNote error={error} since={data ? at : 0} />
      {!data && !error && <Loading what="the configuration" />}
      {refused && (
        <Note tone="bad">
          <strong>The file has been refused.</strong> What is shown is what was in force before, and
          still is.
        </Note>
      )}
      {data && (
        <>
          <Card title="Reloads">
            {data.reloads.length === 0 ? (
              <p class="muted">None since the start at {dateTime(data.started_at)}.</p>
            ) : (
              <ul class="reloads">
                {data.reloads.map((one) => (
                  <ReloadView key={`${one.at} ${one.problems[0] ?? ''}`} one={one} />
                ))}
              </ul>
            )}
          </Card>
          <Card title="Settings">
            <div class="toolbar">
              <SearchField value={search} onChange={setSearch} />
            </div>
            {shown === '' ? (
              <Empty>No setting matches.</Empty>
            ) : (
              <pre class="settings" tabIndex={0} aria-label="Settings in force">
                {shown}
              </pre>
            )}
          </Card>
          <Card title="Environment">
            <pre class="settings" tabIndex={0} aria-label="Environment">
              {data.environment}
            </pre>
          </Card>
        </>
      )}
    </Page>
  );
}
