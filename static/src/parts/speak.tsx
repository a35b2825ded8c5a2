import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { getJson } from '../lib/api';
import { duration } from '../lib/format';
import { useAction, useBlobUrl, usePoll } from '../lib/hooks';
import { speak } from '../lib/speech';
import type { Language, Voice } from '../lib/types';
import { Player } from './audio-input';
import { Button, Card, ErrorNote, Field, Select } from './ui';

export function Speak(): JSX.Element {
  const voices = usePoll((signal) => getJson<Voice[]>('/voices', signal), 30_000);
  const languages = usePoll((signal) => getJson<Language[]>('/tts/languages', signal), 600_000);
  const [text, setText] = useState('The quick brown fox jumps over the lazy dog.');
  const [voice, setVoice] = useState('');
  const [language, setLanguage] = useState('en');
  const [speed, setSpeed] = useState('1');
  const [sound, setSound] = useState<Blob | null>(null);
  const [took, setTook] = useState(0);
  const url = useBlobUrl(sound);
  const action = useAction();

  const submit = (event: Event) => {
    event.preventDefault();
    void action.run(async (signal) => {
      const begin = performance.now();
      setSound(await speak({ text, voice, language, speed: Number(speed) }, signal));
      setTook(performance.now() - begin);
    });
  };
  return (
    <Card title="Speak">
      <ErrorNote error={voices.error ?? languages.error} />
      <form class="stack" onSubmit={submit}>
        <Field label="Text">
          {(id) => (
            <textarea
              id={id}
              rows={4}
              required
              maxLength={5000}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="grid fields">
          <Select
            label="Voice"
            value={voice}
            onChange={setVoice}
            choices={[
              { value: '', label: 'the backend’s own' },
              ...(voices.data ?? []).map((one) => ({ value: one.voice_id, label: one.name })),
            ]}
          />
          <Select
            label="Language"
            value={language}
            onChange={setLanguage}
            choices={(languages.data ?? [{ code: 'en', name: 'English' }]).map((one) => ({
              value: one.code,
              label: one.name,
            }))}
          />
          <Field label="Speed">
            {(id) => (
              <input
                id={id}
                type="number"
                min={0.5}
                max={2}
                step={0.05}
                required
                value={speed}
                onInput={(event) => setSpeed(event.currentTarget.value)}
              />
            )}
          </Field>
        </div>
        <div class="actions">
          <Button
            kind="primary"
            type="submit"
            icon="voices"
            disabled={action.busy || text.trim() === ''}
          >
            {action.busy ? 'Speaking …' : 'Speak'}
          </Button>
          {action.busy && (
            <Button icon="stop" onClick={action.stop}>
              Stop
            </Button>
          )}
          {sound && !action.busy && (
            <span class="muted small" role="status">
              ready after {duration(took)}
            </span>
          )}
        </div>
        <ErrorNote error={action.error} onClose={action.clear} />
        <Player label="Speech" src={url} download="speech.wav" />
      </form>
    </Card>
  );
}
