import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { getJson } from '../lib/api';
import { type Answer, emptyAnswer, type Message, streamChat } from '../lib/chat';
import { duration, number } from '../lib/format';
import { useAction, usePoll } from '../lib/hooks';
import type { ModelList } from '../lib/types';
import { Badge, Button, Card, ErrorNote, Field, Select, type Tone } from './ui';

type Turn = { id: number; question: string; answer: Answer };

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
  if (answer.totalMs > 0)
    parts.push(`${duration(answer.totalMs)}, ${number(answer.pieces)} pieces`);
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
        {answer.content}
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

function conversation(system: string, turns: Turn[], question: string): Message[] {
  const messages: Message[] = system ? [{ role: 'system', content: system }] : [];
  for (const { question: asked, answer } of turns) {
    messages.push({ role: 'user', content: asked });
    if (answer.content) messages.push({ role: 'assistant', content: answer.content });
  }
  return [...messages, { role: 'user', content: question }];
}

export function Chat(): JSX.Element {
  const models = usePoll((signal) => getJson<ModelList>('/models', signal), 30_000);
  const [model, setModel] = useState('auto');
  const [system, setSystem] = useState('');
  const [limit, setLimit] = useState('');
  const [text, setText] = useState('');
  const [turns, setTurns] = useState<Turn[]>([]);
  const log = useRef<HTMLDivElement>(null);
  const action = useAction();

  useEffect(() => {
    const box = log.current;
    if (box) box.scrollTop = box.scrollHeight;
  }, [turns]);

  const send = () => {
    const question = text.trim();
    if (!question || action.busy) return;
    const id = turns.length;
    const put = (answer: Answer) =>
      setTurns((all) => all.map((turn) => (turn.id === id ? { ...turn, answer } : turn)));
    setTurns([...turns, { id, question, answer: emptyAnswer }]);
    setText('');
    void action
      .run(async (signal) => {
        const wish = {
          model,
          messages: conversation(system.trim(), turns, question),
          ...(limit ? { max_tokens: Number(limit) } : {}),
        };
        await streamChat(wish, signal, put);
      })
      .then((answered) => {
        if (answered) return;
        // Refused before it began: the question goes back to where it can be sent again.
        setTurns((all) => all.filter((turn) => turn.id !== id));
        setText(question);
      });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const last = turns.at(-1)?.answer;
  const choices = [
    { value: 'auto', label: 'auto – by the question' },
    ...(models.data?.data ?? []).map((one) => ({
      value: one.id,
      label: `${one.id} (${one.status?.value ?? 'unknown'})`,
    })),
  ];
  return (
    <div class="chat-layout">
      <Card
        title="Conversation"
        class="chat"
        actions={
          turns.length > 0 && (
            <Button disabled={action.busy} onClick={() => setTurns([])}>
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
        <ErrorNote error={action.error} onClose={action.clear} />
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
          {action.busy ? (
            <Button kind="danger" icon="stop" onClick={action.stop}>
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
            onChange={setModel}
            hint="A model that is not loaded is loaded first"
          />
          <Field label="System prompt">
            {(id) => (
              <textarea
                id={id}
                rows={3}
                value={system}
                onInput={(event) => setSystem(event.currentTarget.value)}
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
                value={limit}
                onInput={(event) => setLimit(event.currentTarget.value)}
              />
            )}
          </Field>
        </div>
      </Card>
    </div>
  );
}
