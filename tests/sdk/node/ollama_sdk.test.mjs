// The official Ollama client for JavaScript against a running gateway whose backends speak OpenAI's
// dialect.
//
// SYNAPSE_BASE_URL is the gateway's address; scripts/with_local_stack.py starts one and sets it. The
// model local-echo repeats the last user message, so what must come back is known exactly.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ollama } from 'ollama';

const host = process.env.SYNAPSE_BASE_URL.replace(/\/$/, '');
const client = new Ollama({ host });
const words = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');
const sentence = `Ein Satz mit Umlauten äöü, 漢字, "quotes" and 🙂: ${words}`;
const chat = (content = sentence, more = {}) => ({
  model: 'local-echo',
  messages: [{ role: 'user', content }],
  ...more,
});

test('ollama: an answer has its text, reason and counts', async () => {
  const answer = await client.chat(chat());
  assert.equal(answer.message.content, sentence);
  assert.equal(answer.done_reason, 'stop');
  assert.ok(answer.prompt_eval_count > 0);
  assert.ok(answer.eval_count > 0);
});

test('ollama: the pieces of a stream make up the answer', async () => {
  const pieces = [];
  let last;
  for await (const part of await client.chat(chat(sentence, { stream: true }))) {
    pieces.push(part.message.content);
    last = part;
  }
  assert.equal(pieces.join(''), sentence);
  assert.ok(pieces.length > 10);
  assert.equal(last.done, true);
});

test('ollama: a stream that breaks off throws', async () => {
  const broken = new Ollama({ host, headers: { 'X-Misbehave': 'cut:1500' } });
  let done = false;
  await assert.rejects(async () => {
    for await (const part of await broken.chat(chat(sentence, { stream: true }))) done ||= part.done;
  });
  assert.equal(done, false);
});

test('ollama: prompts, embeddings and models', async () => {
  const answer = await client.generate({ model: 'local-echo', prompt: sentence });
  assert.equal(answer.response, sentence);
  const { embeddings } = await client.embed({ model: 'local-embed', input: ['one', 'two'] });
  assert.equal(embeddings.length, 2);
  const { models } = await client.list();
  assert.ok(models.some((one) => one.name === 'local-echo'));
  assert.ok((await client.show({ model: 'local-echo' })).capabilities.includes('completion'));
});

test('ollama: errors have their status and text', async () => {
  await assert.rejects(
    client.chat({ ...chat(), model: 'nobody-has-it' }),
    (error) => error.status_code === 404 && error.error.length > 0,
  );
});
