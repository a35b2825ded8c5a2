// Where a request of a catalog's name has been, attempt by attempt.
import type { JSX } from 'preact';

import { duration } from '../lib/format';
import type { TracedAttempt } from '../lib/types';
import { Badge, type Tone } from './ui';

const endTone: Record<TracedAttempt['end'], Tone> = {
  good: 'good',
  failed: 'bad',
  broken: 'bad',
  left: 'idle',
  full: 'warn',
  shut: 'warn',
};
const nextText: Record<string, string> = {
  order: 'to the next tier',
  spill: 'to the next tier, this one was busy',
  any: 'to a fallback',
  context: 'to a fallback with more context',
  policy: 'to a fallback, the content was refused',
  beside: 'to another one of the tier',
  again: 'the same once more',
};

export function Attempts({ trace }: { trace: TracedAttempt[] | null }): JSX.Element | null {
  if (trace === null) return <p class="muted">Its attempts are no longer remembered.</p>;
  if (trace.length === 0) return null;
  return (
    <ol class="attempts" aria-label="Attempts">
      {trace.map((one, at) => (
        <li key={at}>
          <span class="mono">{one.deployment}</span>{' '}
          <Badge tone={endTone[one.end]}>
            {one.outcome}
            {one.status !== null && ` (${one.status})`}
          </Badge>{' '}
          <span class="muted nowrap">after {duration(one.ms)}</span>
          {one.next && <span class="muted"> → {nextText[one.next] ?? one.next}</span>}
        </li>
      ))}
    </ol>
  );
}
