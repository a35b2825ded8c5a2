import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { getJson, sendJson } from '../lib/api';
import { useAction } from '../lib/hooks';
import { readStored, writeStored } from '../lib/store';
import type {
  AppliedProfile,
  ModelEntry,
  ModelProfile,
  ModelSchema,
  ProfileValue,
  SchemaField,
} from '../lib/types';
import { Badge, Button, Card, ErrorNote, Field, Loading, Note, type Tone } from './ui';

type Loaded = { schema: ModelSchema; values: Record<string, ProfileValue> };
/** What stands in the form; an empty text leaves the default. */
type Draft = Record<string, string>;

/** Where changes are kept that have not been saved. */
export function draftKey(model: string): string {
  return `profile:${model}`;
}

/** The router's own `--ctx-size`, as it runs now. */
function runningContext(model: ModelEntry): number | null {
  const args = model.status?.args ?? [];
  const at = args.indexOf('--ctx-size');
  const value = at < 0 ? NaN : Number(args[at + 1]);
  return Number.isFinite(value) ? value : null;
}

function sourceOf(
  field: SchemaField,
  values: Loaded['values'],
  model: ModelEntry,
): { tone: Tone; text: string } {
  const running = field.name === 'runtime_ctx_size' ? runningContext(model) : null;
  const stored = values[field.name];
  if (stored !== undefined && running !== null && running !== stored)
    return { tone: 'warn', text: `stored, runs with ${running}` };
  if (stored !== undefined) return { tone: 'info', text: 'stored profile' };
  if (running !== null) return { tone: 'good', text: `runtime: ${running}` };
  return { tone: 'idle', text: 'family default' };
}

function draftOf(loaded: Loaded): Draft {
  return Object.fromEntries(
    loaded.schema.fields.map((field) => [field.name, String(loaded.values[field.name] ?? '')]),
  );
}

/** What has to be sent: a cleared field is `null`, which takes the stored value back. */
function changesOf(loaded: Loaded, draft: Draft): Record<string, ProfileValue | null> {
  const changes: Record<string, ProfileValue | null> = {};
  for (const field of loaded.schema.fields) {
    const text = draft[field.name] ?? '';
    const before = loaded.values[field.name];
    if (text === String(before ?? '')) continue;
    if (text === '') changes[field.name] = null;
    else
      changes[field.name] =
        field.type === 'number' || field.type === 'integer' ? Number(text) : text;
  }
  return changes;
}

function Input(props: {
  field: SchemaField;
  id: string;
  hintId: string | undefined;
  value: string;
  onInput: (value: string) => void;
}): JSX.Element {
  const { field, id, hintId, value, onInput } = props;
  const fallback = String(field.default);
  if (field.type === 'enum')
    return (
      <select
        id={id}
        aria-describedby={hintId}
        value={value}
        onChange={(event) => onInput(event.currentTarget.value)}
      >
        <option value="">default ({fallback})</option>
        {field.choices?.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  if (field.type === 'string')
    return (
      <textarea
        id={id}
        aria-describedby={hintId}
        rows={3}
        value={value}
        placeholder={fallback || 'none'}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    );
  return (
    <input
      id={id}
      type="number"
      aria-describedby={hintId}
      value={value}
      placeholder={fallback}
      min={field.min}
      max={field.max}
      step={field.step ?? 'any'}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  );
}

export function ProfileEditor({
  model,
  onChanged,
}: {
  model: ModelEntry;
  onChanged: () => void;
}): JSX.Element {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [draft, setDraft] = useState<Draft>({});
  const [said, setSaid] = useState('');
  const action = useAction();
  const box = useRef<HTMLDivElement>(null);
  const base = `/models/${encodeURIComponent(model.id)}`;

  const change = (next: Draft, of = loaded) => {
    setDraft(next);
    const unsaved = of !== null && Object.keys(changesOf(of, next)).length > 0;
    writeStored<Draft>(draftKey(model.id), unsaved ? next : undefined);
  };
  const show = (next: Loaded, unsaved: Draft | null = null) => {
    setLoaded(next);
    change({ ...draftOf(next), ...unsaved }, next);
  };
  useEffect(() => {
    void action.run(async (signal) => {
      const [schema, profile] = await Promise.all([
        getJson<ModelSchema>(`${base}/schema`, signal),
        getJson<ModelProfile>(`${base}/profile`, signal),
      ]);
      // What was typed before the page was left is still there.
      show({ schema, values: profile.values }, readStored<Draft | null>(draftKey(model.id), null));
      box.current?.scrollIntoView({ block: 'nearest' });
    });
  }, [base]);

  const save = (event: Event) => {
    event.preventDefault();
    if (!loaded) return;
    const changes = changesOf(loaded, draft);
    setSaid('');
    void action.run(async (signal) => {
      const answer = await sendJson<ModelProfile>(
        'PUT',
        `${base}/profile`,
        { values: changes },
        signal,
      );
      show({ ...loaded, values: answer.values });
      setSaid('Saved. The next requests use it.');
      onChanged();
    });
  };
  const apply = () => {
    setSaid('');
    void action.run(async (signal) => {
      const answer = await sendJson<AppliedProfile>(
        'POST',
        `${base}/profile/apply`,
        { load_model: true },
        signal,
      );
      if (!answer.load.success) throw new Error(answer.load.detail ?? 'The model was not loaded');
      setSaid('Applied, and the model is loaded.');
      onChanged();
    });
  };

  const count = loaded ? Object.keys(changesOf(loaded, draft)).length : 0;
  return (
    <div ref={box}>
      <Card
        title={`Profile of ${model.id}`}
        actions={
          loaded && (
            <>
              {count > 0 && <Badge tone="warn">unsaved changes</Badge>}
              <span class="muted small">family {loaded.schema.family}</span>
            </>
          )
        }
      >
        <ErrorNote error={action.error} onClose={action.clear} />
        {!loaded && action.busy && <Loading what="the profile" />}
        {loaded && (
          <form onSubmit={save}>
            <div class="grid fields">
              {loaded.schema.fields.map((field) => {
                const source = sourceOf(field, loaded.values, model);
                return (
                  <div key={field.name} class={field.type === 'string' ? 'wide' : ''}>
                    <Field
                      label={field.label}
                      aside={<Badge tone={source.tone}>{source.text}</Badge>}
                      hint={
                        <>
                          {field.description}
                          {field.applies_at === 'load' && ' Takes effect with the next load.'}
                        </>
                      }
                    >
                      {(id, hintId) => (
                        <div class="with-button">
                          <Input
                            field={field}
                            id={id}
                            hintId={hintId}
                            value={draft[field.name] ?? ''}
                            onInput={(value) => change({ ...draft, [field.name]: value })}
                          />
                          {draft[field.name] !== '' && (
                            <Button
                              icon="close"
                              label={`Clear ${field.label}`}
                              onClick={() => change({ ...draft, [field.name]: '' })}
                            />
                          )}
                        </div>
                      )}
                    </Field>
                  </div>
                );
              })}
            </div>
            {loaded.schema.notes.length > 0 && (
              <ul class="hint notes">
                {loaded.schema.notes.map((note) => (
                  <li key={note}>{note}</li>
                ))}
              </ul>
            )}
            <div class="actions">
              <Button kind="primary" type="submit" disabled={count === 0 || action.busy}>
                Save {count > 0 ? `${count} ${count === 1 ? 'change' : 'changes'}` : ''}
              </Button>
              <Button disabled={count === 0} onClick={() => change(draftOf(loaded))}>
                Discard
              </Button>
              <Button icon="play" disabled={count > 0 || action.busy} onClick={apply}>
                Apply and load
              </Button>
            </div>
            <div role="status">{said && <Note tone="good">{said}</Note>}</div>
          </form>
        )}
      </Card>
    </div>
  );
}
