import type { JSX } from 'preact';

import { useServed } from '../lib/hooks';
import { Note } from './ui';

export type Need = 'chat' | 'speech' | 'recognition' | 'speakers' | 'audio';
type Backend = { route: string; name: string; type: string; port: number };

const needs: Record<Need, Backend> = {
  chat: { route: '/v1/chat/completions', name: 'llama-router', type: 'openai-compatible', port: 8080 },
  speech: { route: '/tts/synthesize', name: 'chatterbox-tts', type: 'chatterbox', port: 8004 },
  recognition: { route: '/stt/transcribe', name: 'whisper-stt', type: 'faster-whisper', port: 8010 },
  speakers: { route: '/speakers/diarize', name: 'pyannote-speaker', type: 'pyannote', port: 8011 },
  audio: { route: '/audio/denoise', name: 'deepfilter-audio', type: 'deepfilter', port: 8012 },
};

/** Says what to configure where no backend serves a route; nothing where one does. */
export function Unserved({ what }: { what: Need }): JSX.Element | null {
  const served = useServed();
  const need = needs[what];
  if (!served || served.has(`POST ${need.route}`) || served.has(`* ${need.route}`))
    return null;
  const yaml = `backends:
  ${need.name}:
    url: http://127.0.0.1:${need.port}
    type: ${need.type}`;
  return (
    <Note tone="warn">
      <strong>
        No backend serves <code>{need.route}</code>.
      </strong>{' '}
      Add one of the type <code>{need.type}</code> to the configuration file; it takes effect as soon
      as it is saved. Under another name it needs a line in <code>routes</code>.
      <pre class="settings">{yaml}</pre>
    </Note>
  );
}
