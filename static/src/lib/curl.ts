// A request as a command, to be tried again: without credentials, and with a body that says where its
// own goes, because the gateway keeps none.

import type { FinishedRequest } from './types';

/** In single quotes, as a POSIX shell wants it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const forms = /^\/(stt|speakers|audio|voices)\b|^\/v1\/audio\/(transcriptions|translations)$/;

function bodyOf({ path, model }: FinishedRequest): string[] {
  const json = (body: object) => [
    "-H 'Content-Type: application/json'",
    `-d ${shellQuoted(JSON.stringify(body))}`,
  ];
  const named = model ? { model } : {};
  if (path === '/v1/chat/completions')
    return json({ ...named, messages: [{ role: 'user', content: 'Hello' }] });
  if (path === '/v1/completions') return json({ ...named, prompt: 'Hello' });
  if (path === '/v1/embeddings') return json({ ...named, input: 'Hello' });
  if (path === '/v1/audio/speech') return json({ model: model || 'tts-1', input: 'Hello' });
  if (path.startsWith('/tts/')) return json({ text: 'Hello' });
  if (path.startsWith('/models/')) return json({ model: model || 'MODEL' });
  if (forms.test(path)) return ['-F file=@recording.wav'];
  return ["-H 'Content-Type: application/json'", '-d @body.json'];
}

export function curlOf(request: FinishedRequest, origin: string): string {
  const parts = [`curl ${shellQuoted(origin + request.path)}`];
  if (request.method && request.method !== 'GET') {
    if (request.method !== 'POST') parts.push(`-X ${request.method}`);
    if (request.method !== 'DELETE' && request.method !== 'HEAD') parts.push(...bodyOf(request));
  }
  return parts.join(' \\\n  ');
}
