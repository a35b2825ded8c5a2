import type { JSX } from 'preact';
import { useEffect, useReducer, useRef } from 'preact/hooks';

import { type Answer, tokensPerSecond } from '../lib/chat';
import { chatSession, type ChatSettings, type Turn } from '../lib/chat-session';
import { duration, number, plural } from '../lib/format';
import { type KnownModels, useModels } from '../lib/models';
import { useStored } from '../lib/store';
import { AnswerText } from './answer-text';
import { Badge, Button, Card, ErrorNote, Field, Select, type Tone } from './ui';

const endingTone: Record<Answer['ending'], Tone> = {
  streaming: 'info',
  done: 'good',
  stopped: 'warn',
  'cut off': 'bad',
  error: 'bad',
};

function endingText(answer: Answer): string {
  if (answer.ending === 'streaming')
    return answer.pieces > 0 ? 'answering …' : 'waiting for the model …';
  if (answer.ending === 'done')
    return answer.finishReason === 'length'
      ? 'length limit reached'
      : `finished: ${answer.finishReason || 'no reason given'}`;
  if (answer.ending === 'stopped') return 'stopped by you';
  if (answer.ending === 'cut off') return 'cut off: the stream ended without [DONE]';
  return `error: ${answer.error}`;
}

function figures(answer: Answer): string {
  const parts = [];
  if (answer.model) parts.push(answer.model);
  if (answer.firstTokenMs !== null) parts.push(`first token ${duration(answer.firstTokenMs)}`);
  if (answer.totalMs > 0) parts.push(duration(answer.totalMs));
  if (answer.tokens !== null) {
    const read = answer.promptTokens === null ? '' : `${number(answer.promptTokens)} read, `;
    parts.push(`${read}${plural(answer.tokens, 'token')} written`);
    const rate = tokensPerSecond(answer);
    if (rate !== null) parts.push(`${number(rate, rate < 100 ? 1 : 0)} tokens/s`);
  }
  return parts.join(' · ');
}

function TurnView({ turn }: { turn: Turn }): JSX.Element {
  const { answer } = turn;
  return (
    <article class="turn" aria-busy={answer.ending === 'streaming'}>
      <div class="bubble user">
        <span class="visually-hidden">You: </span>
        {turn.question}
      </div>
      <div class="bubble assistant">
        <span class="visually-hidden">Answer: </span>
        {answer.reasoning && (
          <details>
            <summary>Reasoning</summary>
            <p class="muted">{answer.reasoning}</p>
          </details>
        )}
        <AnswerText text={answer.content} />
        <footer>
          <Badge
            tone={
              answer.finishReason === 'length' && answer.ending === 'done'
                ? 'warn'
                : endingTone[answer.ending]
            }
          >
            {endingText(answer)}
          </Badge>{' '}
          <span class="muted small">{figures(answer)}</span>
        </footer>
      </div>
    </article>
  );
}

/** The session, drawn anew whenever it changes. */
function useChatSession() {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => chatSession.subscribe(() => draw(undefined as never)), []);
  return chatSession;
}

const noSettings: ChatSettings = { model: '', system: '', limit: '' };

function modelChoices({ managed, models }: KnownModels): { value: string; label: string }[] {
  return [
    ...(managed ? [{ value: 'auto', label: 'auto – by the question' }] : []),
    ...models.map((one) => ({
      value: one.id,
      label: one.status?.value ? `${one.id} (${one.status.value})` : one.id,
    })),
  ];
}

export function Chat(): JSX.Element {
  const models = useModels(30_000);
  const session = useChatSession();
  const { turns } = session;
  const [stored, setSettings] = useStored<ChatSettings>('chat-settings', noSettings);
  const [text, setText] = useStored<string>('chat-draft', '');
  const log = useRef<HTMLDivElement>(null);
  const choices = modelChoices(models.data ?? { managed: true, models: [], why: '' });
  const known = choices.some((choice) => choice.value === stored.model);
  const model = known || (stored.model && !models.data) ? stored.model : (choices[0]?.value ?? '');
  const settings = { ...stored, model };

  useEffect(() => {
    const box = log.current;
    if (box) box.scrollTop = box.scrollHeight;
  }, [turns]);

  const send = () => {
    const question = text.trim();
    if (!question || session.busy) return;
    setText('');
    void session.send(question, settings).then((begun) => {
      if (!begun) setText(question);
    });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const last = turns.at(-1)?.answer;
  return (
    <div class="chat-layout">
      <Card
        title="Conversation"
        class="chat"
        actions={
          turns.length > 0 && (
            <Button disabled={session.busy} onClick={() => session.clear()}>
              Clear
            </Button>
          )
        }
      >
        <div ref={log} class="chat-log" role="region" aria-label="Messages" tabIndex={0}>
          {turns.length === 0 && (
            <p class="empty">Ask something. Enter sends, Shift+Enter begins a new line.</p>
          )}
          {turns.map((turn) => (
            <TurnView key={turn.id} turn={turn} />
          ))}
        </div>
        <p class="visually-hidden" role="status">
          {last && last.ending !== 'streaming' ? `Answer ${endingText(last)}` : ''}
        </p>
        <ErrorNote error={session.error} onClose={() => session.clearError()} />
        <form
          class="chat-form"
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <Field label="Message">
            {(id) => (
              <textarea
                id={id}
                rows={2}
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
                onKeyDown={onKey}
              />
            )}
          </Field>
          {session.busy ? (
            <Button kind="danger" icon="stop" onClick={() => session.stop()}>
              Stop
            </Button>
          ) : (
            <Button kind="primary" type="submit" icon="send" disabled={text.trim() === ''}>
              Send
            </Button>
          )}
        </form>
      </Card>
      <Card title="Settings">
        <ErrorNote error={models.error} />
        <div class="stack">
          <Select
            label="Model"
            value={model}
            choices={choices}
            onChange={(value) => setSettings({ ...stored, model: value })}
            {...(models.data?.managed
              ? { hint: 'A model that is not loaded is loaded first' }
              : {})}
          />
          <Field label="System prompt">
            {(id) => (
              <textarea
                id={id}
                rows={3}
                value={stored.system}
                onInput={(event) => setSettings({ ...stored, system: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label="Max tokens" hint="Empty: what the model's profile says">
            {(id, hintId) => (
              <input
                id={id}
                type="number"
                min={1}
                step={1}
                aria-describedby={hintId}
                value={stored.limit}
                onInput={(event) => setSettings({ ...stored, limit: event.currentTarget.value })}
              />
            )}
          </Field>
        </div>
      </Card>
    </div>
  );
}
