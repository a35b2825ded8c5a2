import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { request } from '../lib/api';
import { bytes } from '../lib/format';
import { useBlobUrl } from '../lib/hooks';
import { Player } from './audio-input';
import { RecordingForm } from './recording-form';
import { Card } from './ui';

type Result = { before: File; after: Blob };

function Compare({ before, after }: Result): JSX.Element {
  const beforeUrl = useBlobUrl(before);
  const afterUrl = useBlobUrl(after);
  return (
    <Card title="Before and after">
      <h3>Before</h3>
      <Player label="Before" src={beforeUrl} />
      <h3>After</h3>
      <Player label="After" src={afterUrl} download="denoised.wav" />
      <p class="muted small" role="status">
        {bytes(before.size)} before, {bytes(after.size)} after
      </p>
    </Card>
  );
}

export function Denoise(): JSX.Element {
  const [result, setResult] = useState<Result | null>(null);
  const work = async (file: File, signal: AbortSignal) => {
    const form = new FormData();
    form.append('file', file, file.name);
    const answer = await request('/audio/denoise', { method: 'POST', form, signal });
    setResult({ before: file, after: await answer.blob() });
  };
  return (
    <div class="grid two">
      <Card title="Recording">
        <RecordingForm
          action="Denoise"
          busy="Filtering …"
          work={work}
          onChosen={() => setResult(null)}
        />
      </Card>
      {result && <Compare {...result} />}
    </div>
  );
}
