import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { getJson, sendForm, sendJson } from '../lib/api';
import { dateTime, plural } from '../lib/format';
import { useAction, useBlobUrl, usePoll } from '../lib/hooks';
import { speak } from '../lib/speech';
import type { Voice } from '../lib/types';
import { AudioInput, Player } from '../parts/audio-input';
import {
  Button,
  Card,
  Confirm,
  Dialog,
  Empty,
  ErrorNote,
  Field,
  Loading,
  Page,
  Status,
} from '../parts/ui';
import { Unserved } from '../parts/unserved';
import type { PageProps } from './page-props';

const wavHint =
  'WAV files, up to ten of 50 MB each; a few seconds of clear speech do best. Drop them here, too.';
const sampleText = 'Hello. This is how I sound when I read a sentence aloud.';

type UploadProps = { voice: Voice | null; onClose: () => void; onDone: (said: string) => void };

/** For a new voice, or for more references of one that is there. */
function UploadForm({ voice, onClose, onDone }: UploadProps): JSX.Element {
  const [name, setName] = useState('');
  const [files, setFiles] = useState<File[]>([]);
  const action = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    void action.run(async (signal) => {
      const form = new FormData();
      if (!voice) form.append('name', name.trim());
      for (const file of files) form.append('files', file, file.name);
      const path = voice ? `/voices/${encodeURIComponent(voice.voice_id)}/references` : '/voices';
      const made = await sendForm<Voice>(path, form, signal);
      onDone(
        voice
          ? `${made.name} has ${plural(made.references_count, 'reference')} now`
          : `Voice ${made.name} is stored`,
      );
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      {!voice && (
        <Field label="Name">
          {(id) => (
            <input
              id={id}
              type="text"
              required
              maxLength={100}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      <AudioInput
        label="References"
        hint={wavHint}
        accept="audio/wav,.wav"
        multiple
        files={files}
        onFiles={setFiles}
      />
      <ErrorNote error={action.error} onClose={action.clear} />
      <div class="actions end">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          kind="primary"
          type="submit"
          icon="upload"
          disabled={action.busy || files.length === 0 || (!voice && name.trim() === '')}
        >
          {action.busy ? 'Storing …' : voice ? 'Add' : 'Create'}
        </Button>
      </div>
    </form>
  );
}

function References({ voice }: { voice: Voice }): JSX.Element {
  const [shown, setShown] = useState('');
  const at = (file: string) =>
    `/api/voices/${encodeURIComponent(voice.voice_id)}/references/${encodeURIComponent(file)}`;
  return (
    <>
      <ul class="chips" aria-label={`References of ${voice.name}`}>
        {voice.references.map((file) => (
          <li key={file}>
            <Button
              icon="play"
              label={`Play ${file} of ${voice.name}`}
              pressed={shown === file}
              onClick={() => setShown(shown === file ? '' : file)}
            >
              {file}
            </Button>
          </li>
        ))}
      </ul>
      {shown && <ReferencePlayer key={shown} label={`${shown} of ${voice.name}`} src={at(shown)} />}
    </>
  );
}

function ReferencePlayer({ label, src }: { label: string; src: string }): JSX.Element {
  const [failed, setFailed] = useState(false);
  return failed ? (
    <ErrorNote error={new Error('The recording cannot be played')} />
  ) : (
    <audio controls autoplay src={src} aria-label={label} onError={() => setFailed(true)} />
  );
}

function Sample({ voice }: { voice: Voice }): JSX.Element {
  const [text, setText] = useState(sampleText);
  const [sound, setSound] = useState<Blob | null>(null);
  const url = useBlobUrl(sound);
  const action = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    void action.run(async (signal) =>
      setSound(await speak({ text, voice: voice.voice_id }, signal)),
    );
  };
  return (
    <details>
      <summary>
        Speak a sample<span class="visually-hidden"> with {voice.name}</span>
      </summary>
      <form class="stack" onSubmit={submit}>
        <Field label="Text">
          {(id) => (
            <textarea
              id={id}
              rows={2}
              required
              maxLength={5000}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="actions">
          <Button type="submit" icon="voices" disabled={action.busy}>
            {action.busy ? 'Speaking …' : 'Speak'}
          </Button>
        </div>
        <ErrorNote error={action.error} onClose={action.clear} />
        <Player label={`Sample of ${voice.name}`} src={url} download={`${voice.name}.wav`} />
      </form>
    </details>
  );
}

export function Voices(_: PageProps): JSX.Element {
  const { data, error, refresh } = usePoll((signal) => getJson<Voice[]>('/voices', signal), 15_000);
  const [upload, setUpload] = useState<Voice | 'new' | null>(null);
  const [doomed, setDoomed] = useState<Voice | null>(null);
  const [said, setSaid] = useState('');
  const removal = useAction();

  const done = (text: string) => {
    setUpload(null);
    setSaid(text);
    refresh();
  };
  const remove = () => {
    const voice = doomed;
    if (!voice) return;
    void removal
      .run(async (signal) => {
        await sendJson(
          'DELETE',
          `/voices/${encodeURIComponent(voice.voice_id)}`,
          undefined,
          signal,
        );
      })
      .then((removed) => {
        if (!removed) return;
        setDoomed(null);
        setSaid(`Voice ${voice.name} is deleted`);
        refresh();
      });
  };
  return (
    <Page
      title="Voices"
      lead="The library of voices that speech can be cloned from"
      actions={
        <Button kind="primary" icon="plus" onClick={() => setUpload('new')}>
          New voice
        </Button>
      }
    >
      <ErrorNote error={error} />
      <Unserved what="speech" />
      <Status>{said}</Status>
      {!data && !error && <Loading what="the voices" />}
      {data && data.length === 0 && (
        <Empty>No voices yet. A recording of a few seconds makes one.</Empty>
      )}
      <div class="grid two">
        {data?.map((voice) => (
          <Card
            key={voice.voice_id}
            title={voice.name}
            actions={
              <>
                <Button
                  icon="plus"
                  label={`Add references to ${voice.name}`}
                  onClick={() => setUpload(voice)}
                >
                  Add
                </Button>
                <Button
                  icon="trash"
                  label={`Delete ${voice.name}`}
                  onClick={() => setDoomed(voice)}
                />
              </>
            }
          >
            <p class="muted small">
              {plural(voice.references_count, 'reference')}
              {voice.created_at !== undefined && `, since ${dateTime(voice.created_at)}`}
            </p>
            <p class="muted small mono wrap">{voice.voice_id}</p>
            <References voice={voice} />
            <Sample voice={voice} />
          </Card>
        ))}
      </div>
      <Dialog
        open={upload !== null}
        title={upload === 'new' || upload === null ? 'New voice' : `Add to ${upload.name}`}
        onClose={() => setUpload(null)}
      >
        <UploadForm
          voice={upload === 'new' ? null : upload}
          onClose={() => setUpload(null)}
          onDone={done}
        />
      </Dialog>
      <Confirm
        open={doomed !== null}
        title={`Delete ${doomed?.name ?? ''}?`}
        action="Delete voice"
        busy={removal.busy}
        error={removal.error}
        onConfirm={remove}
        onClose={() => {
          setDoomed(null);
          removal.clear();
        }}
      >
        Its {plural(doomed?.references_count ?? 0, 'recording')} will be gone for good, and requests
        that name it will fail.
      </Confirm>
    </Page>
  );
}
