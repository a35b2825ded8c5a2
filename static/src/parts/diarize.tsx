import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import { sendForm } from '../lib/api';
import { plural, seconds } from '../lib/format';
import type { Diarization } from '../lib/types';
import { RecordingForm } from './recording-form';
import { Card, Field, Table } from './ui';

const laneHeight = 26;
const width = 1000;
const colors = 6;

/** One lane per speaker. The table below says the same in words. */
function Timeline({
  speakers,
  result,
  length,
}: {
  speakers: string[];
  result: Diarization;
  length: number;
}): JSX.Element {
  const x = (at: number) => (at / length) * width;
  return (
    <div class="timeline">
      <ul class="timeline-names" aria-hidden="true">
        {speakers.map((speaker, i) => (
          <li key={speaker}>
            <span class={`swatch speaker-${i % colors}`} />
            {speaker}
          </li>
        ))}
      </ul>
      <svg
        viewBox={`0 0 ${width} ${speakers.length * laneHeight}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Timeline of ${plural(speakers.length, 'speaker')}; the table tells the times`}
        height={speakers.length * laneHeight}
      >
        {speakers.map((speaker, i) => (
          <rect
            key={speaker}
            class="lane"
            x="0"
            y={i * laneHeight + 4}
            width={width}
            height={laneHeight - 8}
          />
        ))}
        {result.segments.map((segment) => {
          const lane = speakers.indexOf(segment.speaker);
          return (
            <rect
              key={`${segment.speaker} ${segment.start}`}
              class={`speaker-${lane % colors}`}
              x={x(segment.start)}
              y={lane * laneHeight + 4}
              width={Math.max(x(segment.end) - x(segment.start), 2)}
              height={laneHeight - 8}
            >
              <title>
                {segment.speaker}: {seconds(segment.start)} to {seconds(segment.end)}
              </title>
            </rect>
          );
        })}
      </svg>
    </div>
  );
}

function Result({ result }: { result: Diarization }): JSX.Element {
  const speakers = [...new Set(result.segments.map((segment) => segment.speaker))].sort();
  const length = Math.max(
    result.duration ?? 0,
    ...result.segments.map((segment) => segment.end),
    0.1,
  );
  return (
    <Card title="Who speaks when">
      <p role="status">
        {plural(speakers.length, 'speaker')} in {seconds(length)}
      </p>
      {speakers.length > 0 && <Timeline speakers={speakers} result={result} length={length} />}
      <Table
        caption="Turns"
        columns={[
          { label: 'Speaker' },
          { label: 'From', numeric: true },
          { label: 'To', numeric: true },
        ]}
      >
        {result.segments.map((segment) => (
          <tr key={`${segment.speaker} ${segment.start}`}>
            <td>
              <span
                class={`swatch speaker-${speakers.indexOf(segment.speaker) % colors}`}
                aria-hidden="true"
              />{' '}
              {segment.speaker}
            </td>
            <td class="numeric">{seconds(segment.start)}</td>
            <td class="numeric">{seconds(segment.end)}</td>
          </tr>
        ))}
      </Table>
    </Card>
  );
}

export function Diarize(): JSX.Element {
  const [count, setCount] = useState('');
  const [result, setResult] = useState<Diarization | null>(null);
  const work = async (file: File, signal: AbortSignal) => {
    const form = new FormData();
    if (count) form.append('num_speakers', count);
    form.append('file', file, file.name);
    setResult(await sendForm<Diarization>('/speakers/diarize', form, signal));
  };
  return (
    <div class="grid two">
      <Card title="Recording">
        <RecordingForm
          action="Diarize"
          busy="Telling apart …"
          work={work}
          onChosen={() => setResult(null)}
        >
          <Field label="Number of speakers" hint="Empty: found out">
            {(id, hintId) => (
              <input
                id={id}
                type="number"
                min={1}
                max={100}
                step={1}
                aria-describedby={hintId}
                value={count}
                onInput={(event) => setCount(event.currentTarget.value)}
              />
            )}
          </Field>
        </RecordingForm>
      </Card>
      {result && <Result result={result} />}
    </div>
  );
}
