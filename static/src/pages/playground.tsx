import type { ComponentType, JSX } from 'preact';

import { Chat } from '../parts/chat';
import { Denoise } from '../parts/denoise';
import { Diarize } from '../parts/diarize';
import { Speak } from '../parts/speak';
import { Transcribe } from '../parts/transcribe';
import { Page } from '../parts/ui';
import { type Need, Unserved } from '../parts/unserved';
import type { PageProps } from './page-props';

type Tab = { id: string; label: string; lead: string; part: ComponentType; need: Need };
const tabs: Tab[] = [
  {
    id: 'chat',
    label: 'Chat',
    lead: 'Answers as they come, from /v1/chat/completions',
    part: Chat,
    need: 'chat',
  },
  {
    id: 'speak',
    label: 'Speak',
    lead: 'Text to speech, from /tts/synthesize',
    part: Speak,
    need: 'speech',
  },
  {
    id: 'transcribe',
    label: 'Transcribe',
    lead: 'Speech to text, from /stt/transcribe',
    part: Transcribe,
    need: 'recognition',
  },
  {
    id: 'diarize',
    label: 'Diarize',
    lead: 'Who speaks when, from /speakers/diarize',
    part: Diarize,
    need: 'speakers',
  },
  {
    id: 'denoise',
    label: 'Denoise',
    lead: 'A recording without its noise, from /audio/denoise',
    part: Denoise,
    need: 'audio',
  },
];

/** Arrow keys move between tabs, as they do in every tab list; Tab goes on into the panel. */
function onTabKey(event: KeyboardEvent, index: number): void {
  const moves: Record<string, number> = {
    ArrowRight: index + 1,
    ArrowLeft: index - 1,
    Home: 0,
    End: tabs.length - 1,
  };
  const to = moves[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const tab = tabs[(to + tabs.length) % tabs.length];
  if (!tab) return;
  location.hash = `#/playground/${tab.id}`;
  document.getElementById(`tab-${tab.id}`)?.focus();
}

export function Playground({ path }: PageProps): JSX.Element {
  const current = tabs.find((tab) => tab.id === path[0]) ?? tabs[0]!;
  const Part = current.part;
  return (
    <Page title="Playground" lead={current.lead}>
      <div class="tabs" role="tablist" aria-label="What to try">
        {tabs.map((tab, index) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`tab-${tab.id}`}
            aria-selected={tab === current}
            aria-controls="tab-panel"
            tabIndex={tab === current ? 0 : -1}
            onClick={() => {
              location.hash = `#/playground/${tab.id}`;
            }}
            onKeyDown={(event) => onTabKey(event, index)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${current.id}`}>
        <Unserved what={current.need} />
        <Part key={current.id} />
      </div>
    </Page>
  );
}
