import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

import { getJson, sendJson } from '../lib/api';
import { number } from '../lib/format';
import { useAction, usePoll } from '../lib/hooks';
import type { ModelEntry, ModelList } from '../lib/types';
import { ProfileEditor } from '../parts/profile-editor';
import {
  Badge,
  Button,
  Empty,
  ErrorNote,
  Loading,
  Page,
  Status,
  Table,
  type Tone,
} from '../parts/ui';
import type { PageProps } from '../shell';

const stateTone: Record<string, Tone> = {
  loaded: 'good',
  loading: 'info',
  unloading: 'info',
  sleeping: 'idle',
  unloaded: 'idle',
};
const changing = new Set(['loading', 'unloading']);

export function stateOf(model: ModelEntry): string {
  return model.status?.value ?? 'unknown';
}

/** How far a load is, 0 to 1, where the router tells. */
function progressOf(model: ModelEntry): number | null {
  const { progress } = model.status ?? {};
  if (typeof progress === 'number') return progress;
  const value = (progress as { value?: unknown } | null | undefined)?.value;
  return typeof value === 'number' ? value : null;
}

function StateCell({ model }: { model: ModelEntry }): JSX.Element {
  const state = stateOf(model);
  const progress = progressOf(model);
  return (
    <td>
      <Badge tone={model.status?.failed ? 'bad' : (stateTone[state] ?? 'idle')}>
        {state}
        {model.status?.failed && ' – last load failed'}
      </Badge>
      {changing.has(state) && (
        <progress
          aria-label={`${model.id}: ${state}`}
          {...(progress === null ? {} : { value: progress, max: 1 })}
        />
      )}
    </td>
  );
}

function ModelRow(props: {
  model: ModelEntry;
  busy: string;
  selected: boolean;
  onLoad: () => void;
  onUnload: () => void;
}): JSX.Element {
  const { model, busy } = props;
  const state = stateOf(model);
  const stored = Object.keys(model.status?.synapse_profile ?? {}).length;
  const isHere = state === 'loaded' || state === 'sleeping';
  return (
    <tr class={props.selected ? 'selected' : ''}>
      <th scope="row" class="mono">
        {model.id}
      </th>
      <StateCell model={model} />
      <td class="numeric wide-only">{model.context_length ? number(model.context_length) : '–'}</td>
      <td class="wide-only">
        {stored > 0 ? `${stored} stored` : <span class="muted">defaults</span>}
      </td>
      <td>
        <div class="actions end">
          {isHere ? (
            <Button
              icon="stop"
              label={`Unload ${model.id}`}
              disabled={busy === model.id}
              onClick={props.onUnload}
            >
              Unload
            </Button>
          ) : (
            <Button
              icon="play"
              label={`Load ${model.id}`}
              disabled={busy === model.id || changing.has(state)}
              onClick={props.onLoad}
            >
              Load
            </Button>
          )}
          <a
            class="button plain"
            href={`#/models/${encodeURIComponent(model.id)}`}
            aria-label={`Profile of ${model.id}`}
          >
            Profile
          </a>
        </div>
      </td>
    </tr>
  );
}

export function Models({ path }: PageProps): JSX.Element {
  const [busy, setBusy] = useState('');
  const [said, setSaid] = useState('');
  const [interval, setInterval] = useState(5000);
  const action = useAction();
  const busyNow = useRef(busy);
  busyNow.current = busy;
  const { data, error, refresh } = usePoll(async (signal) => {
    const answer = await getJson<ModelList>('/models', signal);
    const moves =
      busyNow.current !== '' || answer.data.some((model) => changing.has(stateOf(model)));
    setInterval(moves ? 700 : 5000);
    return answer.data;
  }, interval);

  const command = (what: 'load' | 'unload', model: string) => {
    setBusy(model);
    setInterval(700);
    setSaid('');
    void action
      .run(async (signal) => {
        await sendJson('POST', `/models/${what}`, { model }, signal);
        setSaid(what === 'load' ? `${model} is loaded or on its way` : `${model} is unloaded`);
      })
      .finally(() => {
        setBusy('');
        refresh();
      });
  };

  const wanted = path[0];
  const model = data?.find((one) => one.id === wanted);
  return (
    <Page title="Models" lead="What the router has, and what it keeps loaded">
      <ErrorNote error={error} />
      <ErrorNote error={action.error} onClose={action.clear} />
      <Status>{said}</Status>
      {!data && !error && <Loading what="the models" />}
      {data && data.length === 0 && <Empty>The router lists no models.</Empty>}
      {data && data.length > 0 && (
        <Table
          caption="Models of the router"
          columns={[
            { label: 'Model' },
            { label: 'State' },
            { label: 'Context', numeric: true, wide: true },
            { label: 'Profile', wide: true },
            { label: 'Actions', hidden: true },
          ]}
        >
          {data.map((one) => (
            <ModelRow
              key={one.id}
              model={one}
              busy={busy}
              selected={one.id === wanted}
              onLoad={() => command('load', one.id)}
              onUnload={() => command('unload', one.id)}
            />
          ))}
        </Table>
      )}
      {model && <ProfileEditor key={model.id} model={model} onChanged={refresh} />}
      {wanted && data && !model && (
        <ErrorNote error={new Error(`The router has no model ${wanted}`)} />
      )}
    </Page>
  );
}
