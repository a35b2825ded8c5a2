import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { ApiError, getJson, sendJson } from '../lib/api';
import { bytes, duration, plural } from '../lib/format';
import { useAction, usePoll } from '../lib/hooks';
import type { InFlight, InFlightRequest } from '../lib/types';
import { FinishedRequests } from '../parts/finished';
import { Badge, Button, Card, Empty, ErrorNote, Loading, Page, Table, type Tone } from '../parts/ui';
import type { PageProps } from './page-props';

const stateTone: Record<InFlightRequest['state'], Tone> = {
  receiving: 'info',
  waiting: 'warn',
  answering: 'good',
};

function RequestRow({
  one,
  onCancel,
}: {
  one: InFlightRequest;
  onCancel: () => void;
}): JSX.Element {
  return (
    <tr>
      <th scope="row" class="mono small wide-only">
        {one.id}
      </th>
      <td>
        <span class={`method ${one.method.toLowerCase()}`}>{one.method}</span>{' '}
        <code>{one.path}</code>
      </td>
      <td class="wide-only">{one.backend || '–'}</td>
      <td>
        <Badge tone={stateTone[one.state]}>{one.state}</Badge>
      </td>
      <td class="numeric">{duration(one.age_ms)}</td>
      <td class="numeric wide-only">{bytes(one.bytes_in)}</td>
      <td class="numeric wide-only">{bytes(one.bytes_out)}</td>
      <td class="mono small wide-only">{one.client}</td>
      <td>
        <Button icon="stop" kind="danger" label={`Cancel request ${one.id}`} onClick={onCancel}>
          Cancel
        </Button>
      </td>
    </tr>
  );
}

export function Requests(_: PageProps): JSX.Element {
  const { data, at, error, refresh } = usePoll(
    (signal) => getJson<InFlight>('/api/requests', signal),
    1000,
  );
  const [said, setSaid] = useState('');
  const action = useAction();
  const cancel = (id: string) =>
    void action.run(async (signal) => {
      try {
        await sendJson('POST', `/api/requests/${encodeURIComponent(id)}/cancel`, undefined, signal);
        setSaid(`Request ${id} is canceled`);
      } catch (failure) {
        // It has ended by itself meanwhile: that is what was wanted.
        if (!(failure instanceof ApiError && failure.status === 404)) throw failure;
        setSaid(`Request ${id} had ended`);
      }
      refresh();
    });
  return (
    <Page
      title="Requests"
      lead="What is in flight on this replica, and what has ended"
    >
      <ErrorNote error={error} since={data ? at : 0} />
      <ErrorNote error={action.error} onClose={action.clear} />
      {said && (
        <p class="note info" role="status">
          {said}
        </p>
      )}
      <Card
        title="In flight"
        actions={data && <span class="muted small">{plural(data.total, 'request')}</span>}
      >
        {!data && !error && <Loading what="the requests" />}
        {data && data.requests.length === 0 && (
          <Empty>Nothing is in flight. A chat that streams would stand here.</Empty>
        )}
        {data && data.requests.length > 0 && (
          <Table
            caption="Requests in flight"
            columns={[
              { label: 'Request', wide: true },
              { label: 'Path' },
              { label: 'Backend', wide: true },
              { label: 'State' },
              { label: 'Age', numeric: true },
              { label: 'In', numeric: true, wide: true },
              { label: 'Out', numeric: true, wide: true },
              { label: 'Client', wide: true },
              { label: 'Actions', hidden: true },
            ]}
          >
            {data.requests.map((one) => (
              <RequestRow key={one.id} one={one} onCancel={() => cancel(one.id)} />
            ))}
          </Table>
        )}
        {data && data.total > data.requests.length && (
          <p class="muted">The {data.requests.length} oldest are shown.</p>
        )}
      </Card>
      <FinishedRequests />
    </Page>
  );
}
