// A streamed chat answer, told as it is: how it ended is part of what is reported.

import { errorText, request } from './api';
import { readEvents } from './sse';

export type Message = { role: 'system' | 'user' | 'assistant'; content: string };
export type ChatWish = {
  model: string;
  messages: Message[];
  max_tokens?: number;
  temperature?: number;
};

/** `cut off`: the stream ended without the server saying that it was complete. */
export type Ending = 'streaming' | 'done' | 'stopped' | 'cut off' | 'error';

export type Answer = {
  content: string;
  reasoning: string;
  model: string;
  finishReason: string;
  ending: Ending;
  error: string;
  pieces: number;
  firstTokenMs: number | null;
  totalMs: number;
};

export const emptyAnswer: Answer = {
  content: '',
  reasoning: '',
  model: '',
  finishReason: '',
  ending: 'streaming',
  error: '',
  pieces: 0,
  firstTokenMs: null,
  totalMs: 0,
};

type Chunk = {
  model?: string;
  error?: unknown;
  choices?: {
    delta?: { content?: string | null; reasoning_content?: string | null };
    finish_reason?: string | null;
  }[];
};

function take(answer: Answer, chunk: Chunk, elapsed: number): Answer {
  const next = { ...answer, model: chunk.model ?? answer.model };
  for (const choice of chunk.choices ?? []) {
    const content = choice.delta?.content ?? '';
    const reasoning = choice.delta?.reasoning_content ?? '';
    if (content || reasoning) {
      next.pieces += 1;
      next.firstTokenMs ??= elapsed;
    }
    next.content += content;
    next.reasoning += reasoning;
    next.finishReason = choice.finish_reason ?? next.finishReason;
  }
  return next;
}

/**
 * Streams one answer. @param onChange told after every event
 * @returns the answer as it ended; only a request that is refused outright throws
 */
export async function streamChat(
  wish: ChatWish,
  signal: AbortSignal,
  onChange: (answer: Answer) => void,
): Promise<Answer> {
  const begin = performance.now();
  let answer = emptyAnswer;
  let begun = false;
  const end = (ending: Ending, error = ''): Answer => {
    answer = { ...answer, ending, error, totalMs: performance.now() - begin };
    onChange(answer);
    return answer;
  };
  try {
    const response = await request('/v1/chat/completions', {
      method: 'POST',
      json: { ...wish, stream: true },
      signal,
    });
    begun = true;
    if (!response.body) return end('cut off');
    for await (const { event, data } of readEvents(response.body)) {
      if (data === '[DONE]') return end('done');
      let chunk: Chunk;
      try {
        chunk = JSON.parse(data) as Chunk;
      } catch {
        return end('error', 'an event of the stream is no JSON');
      }
      if (event === 'error' || chunk.error !== undefined)
        return end('error', errorText(chunk) || 'the stream reported an error');
      answer = take(answer, chunk, performance.now() - begin);
      onChange(answer);
    }
    return end('cut off');
  } catch (failure) {
    if (signal.aborted) return end('stopped');
    // Once the answer has begun, a broken connection is an ending; before that it is a refusal.
    if (!begun) throw failure;
    return end('cut off');
  }
}
