import type { JSX } from 'preact';

import { getJson } from '../lib/api';
import { dateTime, duration } from '../lib/format';
import { usePoll } from '../lib/hooks';
import type { Cluster as ClusterAnswer, Member } from '../lib/types';
import { Badge, ErrorNote, Loading, Note, Page, Table, type Tone } from '../parts/ui';
import type { PageProps } from './page-props';

const stateTone: Record<Member['state'], Tone> = {
  up: 'good',
  connecting: 'info',
  down: 'bad',
  refused: 'bad',
};
const busText: Record<string, string> = {
  local: 'This replica knows of no others: the bus is local.',
  redis: 'Replicas share their feed through Redis; what they are is not exchanged.',
};

function lastSeen({ self, last_seen_ms: ms }: Member): string {
  if (self) return 'now';
  return ms === null ? '–' : `${duration(ms)} ago`;
}

function MemberRow({ member }: { member: Member }): JSX.Element {
  const bad = member.backends.filter((backend) => !backend.healthy || backend.circuit !== 'closed');
  return (
    <tr>
      <th scope="row">
        <span class="mono">{member.instance || '–'}</span>
        {member.self && <span class="tag">this one</span>}
        <div class="narrow-only small muted">
          {[member.address, member.version].filter(Boolean).join(' · ')}
        </div>
      </th>
      <td>
        <Badge tone={stateTone[member.state]}>{member.state}</Badge>
        {member.reason && <div class="small muted">{member.reason}</div>}
      </td>
      <td class="mono wide-only">{member.address || '–'}</td>
      <td class="wide-only">{member.version || '–'}</td>
      <td class="wide-only">{member.since === null ? '–' : dateTime(member.since)}</td>
      <td class="numeric">{lastSeen(member)}</td>
      <td class="numeric wide-only">
        {member.round_trip_ms === null ? '–' : duration(member.round_trip_ms)}
      </td>
      <td>
        {member.backends.length === 0
          ? '–'
          : bad.length === 0
            ? `${member.backends.length} healthy`
            : bad
                .map(
                  (backend) =>
                    `${backend.name}: ${backend.healthy ? '' : 'unhealthy '}${backend.circuit.replace('_', ' ')}`,
                )
                .join(', ')}
      </td>
    </tr>
  );
}

export function Cluster(_: PageProps): JSX.Element {
  const { data, error } = usePoll((signal) => getJson<ClusterAnswer>('/cluster', signal), 2500);
  return (
    <Page
      title="Cluster"
      lead={
        data
          ? `Replicas, as ${data.instance} sees them (bus: ${data.bus_mode})`
          : 'Replicas of the gateway'
      }
    >
      <ErrorNote error={error} />
      {!data && !error && <Loading what="the replicas" />}
      {data && busText[data.bus_mode] && <Note>{busText[data.bus_mode]}</Note>}
      {data && (
        <Table
          caption="Replicas"
          columns={[
            { label: 'Instance' },
            { label: 'State' },
            { label: 'Address', wide: true },
            { label: 'Version', wide: true },
            { label: 'Since', wide: true },
            { label: 'Last seen', numeric: true },
            { label: 'Round trip', numeric: true, wide: true },
            { label: 'Backends' },
          ]}
        >
          {data.members.map((member) => (
            <MemberRow key={`${member.instance} ${member.address}`} member={member} />
          ))}
        </Table>
      )}
    </Page>
  );
}
