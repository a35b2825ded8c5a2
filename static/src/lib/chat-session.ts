// The playground's conversation. It goes on when the page is left, and is there again when one comes
// back: only Stop, Clear and the end of the browser's tab end it.

import { isAbort } from './api';
import { type Answer, emptyAnswer, type Message, streamChat } from './chat';
import { readStored, writeStored } from './store';

export type Turn = { id: number; question: string; answer: Answer };
export type ChatSettings = { model: string; system: string; limit: string };

const key = 'chat';
const drawEveryMs = 60; // an answer's pieces come faster than anybody reads

export function conversation(system: string, turns: Turn[], question: string): Message[] {
  const messages: Message[] = system ? [{ role: 'system', content: system }] : [];
  for (const { question: asked, answer } of turns) {
    messages.push({ role: 'user', content: asked });
    if (answer.content) messages.push({ role: 'assistant', content: answer.content });
  }
  return [...messages, { role: 'user', content: question }];
}

/** Answers that were under way when the page was loaded anew have lost their stream. */
function settled(turns: Turn[]): Turn[] {
  return turns.map((turn) =>
    turn.answer.ending === 'streaming'
      ? { ...turn, answer: { ...turn.answer, ending: 'stopped' } }
      : turn,
  );
}

class ChatSession {
  turns: Turn[] = settled(readStored<Turn[]>(key, []));
  error: unknown = null;
  private control: AbortController | null = null;
  private timer = 0;
  private readonly listeners = new Set<() => void>();

  get busy(): boolean {
    return this.control !== null;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** @returns false when the request was refused before an answer began */
  async send(question: string, settings: ChatSettings): Promise<boolean> {
    const before = this.turns;
    const id = (before.at(-1)?.id ?? -1) + 1;
    const control = new AbortController();
    this.control = control;
    this.error = null;
    this.turns = [...before, { id, question, answer: emptyAnswer }];
    this.draw();
    const wish = {
      model: settings.model,
      messages: conversation(settings.system.trim(), before, question),
      ...(settings.limit ? { max_tokens: Number(settings.limit) } : {}),
    };
    try {
      await streamChat(wish, control.signal, (answer) => this.put(id, answer));
      return true;
    } catch (failure) {
      // The question goes back to where it can be sent again.
      this.turns = this.turns.filter((turn) => turn.id !== id);
      if (!isAbort(failure)) this.error = failure;
      return false;
    } finally {
      if (this.control === control) this.control = null;
      this.draw();
    }
  }

  stop(): void {
    this.control?.abort();
  }

  clear(): void {
    this.turns = [];
    this.draw();
  }

  clearError(): void {
    this.error = null;
    this.draw();
  }

  private put(id: number, answer: Answer): void {
    this.turns = this.turns.map((turn) => (turn.id === id ? { ...turn, answer } : turn));
    if (answer.ending !== 'streaming') this.draw();
    else this.timer ||= window.setTimeout(() => this.draw(), drawEveryMs);
  }

  private draw(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    writeStored(key, this.turns);
    for (const tell of this.listeners) tell();
  }
}

export const chatSession = new ChatSession();
