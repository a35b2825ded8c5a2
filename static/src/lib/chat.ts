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
  /** As the backend counts them; null where it does not tell. */
  promptTokens: number | null;
  tokens: number | null;
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
  promptTokens: null,
  tokens: null,
  firstTokenMs: null,
  totalMs: 0,
};

type Usage = { prompt_tokens?: number; completion_tokens?: number };
/** llama.cpp's own counts, with an answer's last piece. */
type Timings = { prompt_n?: number; cache_n?: number; predicted_n?: number };
type Chunk = {
  model?: string;
  error?: unknown;
  usage?: Usage | null;
  timings?: Timings;
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
  if (chunk.usage) {
    next.promptTokens = chunk.usage.prompt_tokens ?? next.promptTokens;
    next.tokens = chunk.usage.completion_tokens ?? next.tokens;
  } else if (chunk.timings?.predicted_n !== undefined) {
    const { prompt_n: read, cache_n: cached = 0, predicted_n: written } = chunk.timings;
    next.promptTokens = read === undefined ? next.promptTokens : read + cached;
    next.tokens = written;
  }
  return next;
}

const leastMs = 50; // what takes less time has no rate that says anything

/** Tokens after the first, by the time that they took; null where it cannot be told. */
export function tokensPerSecond(answer: Answer): number | null {
  const { tokens, firstTokenMs, totalMs } = answer;
  if (tokens === null || tokens < 2 || firstTokenMs === null) return null;
  if (totalMs - firstTokenMs < leastMs) return null;
  return ((tokens - 1) * 1000) / (totalMs - firstTokenMs);
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
      json: { ...wish, stream: true, stream_options: { include_usage: true } },
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
