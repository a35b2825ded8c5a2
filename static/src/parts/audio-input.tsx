import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { bytes } from '../lib/format';
import { microphoneProblem, startRecording, type Recording } from '../lib/recorder';
import { Button, ErrorNote, Meter } from './ui';

type RecorderProps = { onFile: (file: File) => void; disabled?: boolean };

/** Records until it is stopped; what was heard is handed over as a WAV file. */
export function Recorder({ onFile, disabled }: RecorderProps): JSX.Element {
  const [level, setLevel] = useState<{ peak: number; seconds: number } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const recording = useRef<Recording | null>(null);
  useEffect(() => () => recording.current?.cancel(), []);

  const start = async () => {
    setError(null);
    setLevel({ peak: 0, seconds: 0 });
    try {
      recording.current = await startRecording((peak, seconds) => setLevel({ peak, seconds }));
    } catch (problem) {
      setLevel(null);
      setError(new Error(microphoneProblem(problem)));
    }
  };
  const stop = async () => {
    const current = recording.current;
    recording.current = null;
    if (!current) return;
    const file = await current.stop();
    setLevel(null);
    onFile(file);
  };
  return (
    <div class="recorder">
      {level === null ? (
        <Button icon="mic" disabled={disabled ?? false} onClick={() => void start()}>
          Record
        </Button>
      ) : (
        <>
          <Button icon="stop" kind="danger" onClick={() => void stop()}>
            Stop recording
          </Button>
          <Meter label="Loudness" value={level.peak} max={1} />
          <span class="mono small">{level.seconds.toFixed(1)} s</span>
        </>
      )}
      <ErrorNote error={error} />
    </div>
  );
}

type DropProps = {
  label: string;
  hint: string;
  accept: string;
  multiple?: boolean;
  files: File[];
  onFiles: (files: File[]) => void;
};

/** Files by dropping, choosing or recording. The input itself stays what keyboards and readers use. */
export function AudioInput({
  label,
  hint,
  accept,
  multiple = false,
  files,
  onFiles,
}: DropProps): JSX.Element {
  const [over, setOver] = useState(false);
  const id = useId();
  const take = (list: FileList | null | undefined) => {
    const added = [...(list ?? [])];
    if (added.length > 0) onFiles(multiple ? [...files, ...added] : added.slice(0, 1));
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer?.files);
  };
  return (
    <div class="audio-input">
      <div
        class={`drop ${over ? 'over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <label for={id}>{label}</label>
        <input
          id={id}
          type="file"
          accept={accept}
          multiple={multiple}
          aria-describedby={`${id}-hint`}
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = ''; // so that the same file can be chosen again
          }}
        />
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      </div>
      <Recorder onFile={(file) => onFiles(multiple ? [...files, file] : [file])} />
      {files.length > 0 && (
        <ul class="files" aria-label="Chosen files">
          {files.map((file, i) => (
            <li key={`${file.name} ${i}`}>
              <span class="mono">{file.name}</span>{' '}
              <span class="muted small">{bytes(file.size)}</span>
              <Button
                icon="close"
                label={`Remove ${file.name}`}
                onClick={() => onFiles(files.filter((_, at) => at !== i))}
              />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Player({
  label,
  src,
  download,
}: {
  label: string;
  src: string;
  download?: string;
}): JSX.Element | null {
  if (!src) return null;
  return (
    <div class="player">
      <audio controls src={src} aria-label={label} />
      {download && (
        <a class="button plain" href={src} download={download}>
          Save
        </a>
      )}
    </div>
  );
}
