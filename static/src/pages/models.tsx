import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { getJson, sendJson } from '../lib/api';
import { duration, number } from '../lib/format';
import { useAction, usePoll } from '../lib/hooks';
import { useModels } from '../lib/models';
import { useStored } from '../lib/store';
import type { Catalog, ModelEntry } from '../lib/types';
import { CatalogNames } from '../parts/catalog';
import { draftKey, ProfileEditor } from '../parts/profile-editor';
import {
  Badge,
  Button,
  Empty,
  ErrorNote,
  Loading,
  Note,
  Page,
  Status,
  Table,
  type Tone,
} from '../parts/ui';
import type { PageProps } from './page-props';

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
      {model.status?.synapse_waits_for && (
        <div class="small muted">waits: {model.status.synapse_waits_for.text}</div>
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
  const [draft] = useStored<unknown>(draftKey(model.id), null);
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
        {draft !== null && <span class="tag">unsaved changes</span>}
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

type Command = { what: 'load' | 'unload'; model: string; since: number };

/** What a command is waiting for, as long as it waits: nothing that takes long is without a reason. */
function Waiting({ command, models }: { command: Command; models: ModelEntry[] }): JSX.Element {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => tick((count) => count + 1), 1000);
    return () => window.clearInterval(timer);
  }, []);
  const entry = models.find((model) => model.id === command.model);
  const others = models.filter(
    (model) => model.id !== command.model && ['loaded', 'loading'].includes(stateOf(model)),
  );
  const state = entry ? stateOf(entry) : '';
  const reason =
    entry?.status?.synapse_waits_for?.text ??
    (changing.has(state)
      ? `the router is ${state} it`
      : command.what === 'unload'
        ? 'the requests that use it have to end first'
        : others.length > 0
          ? `the router has ${others.map((model) => model.id).join(', ')}; requests that use it end first`
          : 'the router has been asked');
  return (
    <Note>
      <strong>
        {command.what === 'load' ? 'Loading' : 'Unloading'} {command.model}
      </strong>{' '}
      for {duration(Math.floor((Date.now() - command.since) / 1000) * 1000)}: {reason}.
    </Note>
  );
}

function Unmanaged({ models, why }: { models: ModelEntry[]; why: string }): JSX.Element {
  return (
    <>
      <Note>
        These models are listed by their backends, which decide themselves what is loaded. Loading,
        unloading and profiles need a llama.cpp server in router mode: the backend{' '}
        <code>llama-router</code>, or one with <code>manage_models: true</code>.
        {why && <span class="muted"> ({why})</span>}
      </Note>
      <Table caption="Models" columns={[{ label: 'Model' }, { label: 'Owned by' }]}>
        {models.map((one) => (
          <tr key={one.id}>
            <th scope="row" class="mono">
              {one.id}
            </th>
            <td>{one.owned_by ?? '–'}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

export function Models({ path }: PageProps): JSX.Element {
  const [command, setCommand] = useState<Command | null>(null);
  const [said, setSaid] = useState('');
  const [interval, setInterval] = useState(5000);
  const action = useAction();
  const { data: known, at, error, refresh } = useModels(interval);
  const data = known?.models;
  const catalog = usePoll((signal) => getJson<Catalog>('/api/catalog', signal), 2000);
  const hasNames = (catalog.data?.names.length ?? 0) > 0;
  const busyNow = useRef(false);
  busyNow.current = command !== null;
  useEffect(() => {
    const moves = busyNow.current || (data ?? []).some((model) => changing.has(stateOf(model)));
    setInterval(moves ? 700 : 5000);
  }, [data]);

  const run = (what: Command['what'], model: string) => {
    setCommand({ what, model, since: Date.now() });
    setInterval(700);
    setSaid('');
    void action
      .run(async (signal) => {
        await sendJson('POST', `/models/${what}`, { model }, signal);
        setSaid(what === 'load' ? `${model} is loaded or on its way` : `${model} is unloaded`);
      })
      .finally(() => {
        setCommand(null);
        refresh();
      });
  };

  const wanted = path[0];
  const model = data?.find((one) => one.id === wanted);
  return (
    <Page
      title="Models"
      lead={
        hasNames
          ? 'Which names there are, and who answers for them'
          : known && !known.managed
            ? 'What the backends have'
            : 'What the router has, and what it keeps loaded'
      }
    >
      <ErrorNote error={error} since={data ? at : 0} />
      <ErrorNote error={catalog.error} since={catalog.data ? catalog.at : 0} />
      <ErrorNote error={action.error} onClose={action.clear} />
      <Status>{said}</Status>
      <CatalogNames known={catalog} />
      {!data && !error && <Loading what="the models" />}
      {data && data.length === 0 && <Empty>No backend lists a model.</Empty>}
      {command && <Waiting command={command} models={data ?? []} />}
      {known && !known.managed && known.models.length > 0 && !hasNames && (
        <Unmanaged models={known.models} why={known.why} />
      )}
      {known?.managed && known.models.length > 0 && (
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
          {known.models.map((one) => (
            <ModelRow
              key={one.id}
              model={one}
              busy={command?.model ?? ''}
              selected={one.id === wanted}
              onLoad={() => run('load', one.id)}
              onUnload={() => run('unload', one.id)}
            />
          ))}
        </Table>
      )}
      {model && known?.managed && <ProfileEditor key={model.id} model={model} onChanged={refresh} />}
      {wanted && data && !model && (
        <ErrorNote error={new Error(`There is no model ${wanted}`)} />
      )}
    </Page>
  );
}
