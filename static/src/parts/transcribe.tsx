import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { sendForm } from '../lib/api';
import { seconds } from '../lib/format';
import type { Transcription } from '../lib/types';
import { RecordingForm } from './recording-form';
import { Card, Field, Table } from './ui';

function Result({ result }: { result: Transcription }): JSX.Element {
  const sure = result.language_probability;
  return (
    <Card title="What was said">
      <p class="said" role="status">
        {result.text || 'nothing that was understood'}
      </p>
      <p class="muted small">
        {result.language && `language ${result.language}`}
        {sure !== undefined && `, ${Math.round(sure * 100)} % sure`}
        {result.duration !== undefined && ` · ${seconds(result.duration)} long`}
      </p>
      {result.segments && result.segments.length > 0 && (
        <Table
          caption="Segments"
          columns={[
            { label: 'From', numeric: true },
            { label: 'To', numeric: true },
            { label: 'Text' },
          ]}
        >
          {result.segments.map((segment) => (
            <tr key={segment.id}>
              <td class="numeric">{seconds(segment.start)}</td>
              <td class="numeric">{seconds(segment.end)}</td>
              <td>{segment.text}</td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}

export function Transcribe(): JSX.Element {
  const [language, setLanguage] = useState('');
  const [result, setResult] = useState<Transcription | null>(null);
  const work = async (file: File, signal: AbortSignal) => {
    const form = new FormData();
    if (language.trim()) form.append('language', language.trim());
    form.append('file', file, file.name);
    setResult(await sendForm<Transcription>('/stt/transcribe', form, signal));
  };
  return (
    <div class="grid two">
      <Card title="Recording">
        <RecordingForm
          action="Transcribe"
          busy="Listening …"
          work={work}
          onChosen={() => setResult(null)}
        >
          <Field label="Language" hint="A code such as en; empty: found out">
            {(id, hintId) => (
              <input
                id={id}
                type="text"
                aria-describedby={hintId}
                maxLength={20}
                value={language}
                onInput={(event) => setLanguage(event.currentTarget.value)}
              />
            )}
          </Field>
        </RecordingForm>
      </Card>
      {result && <Result result={result} />}
    </div>
  );
}
