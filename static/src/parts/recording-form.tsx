import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';

import { useAction, useBlobUrl } from '../lib/hooks';
import { AudioInput, Player } from './audio-input';
import { Button, ErrorNote } from './ui';

type Props = {
  action: string;
  busy: string;
  /** Adds fields beside the file, if there are any. */
  children?: ComponentChildren;
  onChosen: () => void;
  work: (file: File, signal: AbortSignal) => Promise<void>;
};

/** A recording, chosen or made, and a button that does something with it. */
export function RecordingForm(props: Props): JSX.Element {
  const [file, setFile] = useState<File | null>(null);
  const url = useBlobUrl(file);
  const action = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    if (file) void action.run((signal) => props.work(file, signal));
  };
  return (
    <form class="stack" onSubmit={submit}>
      <AudioInput
        label="Recording"
        hint="Any common format. Drop a file here, choose one or record."
        accept="audio/*,video/*"
        files={file ? [file] : []}
        onFiles={(files) => {
          setFile(files[0] ?? null);
          props.onChosen();
        }}
      />
      <Player label="Chosen recording" src={url} />
      {props.children}
      <div class="actions">
        <Button kind="primary" type="submit" disabled={!file || action.busy}>
          {action.busy ? props.busy : props.action}
        </Button>
        {action.busy && (
          <Button icon="stop" onClick={action.stop}>
            Stop
          </Button>
        )}
      </div>
      <ErrorNote error={action.error} onClose={action.clear} />
    </form>
  );
}
