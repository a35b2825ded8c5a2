import { request } from './api';

export type Wish = { text: string; voice: string; language?: string; speed?: number };

/** Speech as a WAV file. @param wish `voice` is the id of a library voice; empty: the backend's own */
export async function speak(wish: Wish, signal?: AbortSignal): Promise<Blob> {
  const json = {
    text: wish.text,
    language: wish.language ?? 'en',
    speed: wish.speed ?? 1,
    ...(wish.voice ? { voice_id: wish.voice } : {}),
  };
  return (await request('/tts/synthesize', { method: 'POST', json, signal })).blob();
}
