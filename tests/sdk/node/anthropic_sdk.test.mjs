// The official Anthropic SDK for Node against a running gateway whose backends speak OpenAI's dialect.
//
// SYNAPSE_BASE_URL is the gateway's address; scripts/with_local_stack.py starts one and sets it. The
// model local-echo repeats the last user message, so what must come back is known exactly.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';

const baseURL = process.env.SYNAPSE_BASE_URL.replace(/\/$/, '');
const client = new Anthropic({ baseURL, apiKey: 'unused', maxRetries: 0, timeout: 30_000 });
const words = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');
const sentence = `Ein Satz mit Umlauten äöü, 漢字, "quotes" and 🙂: ${words}`;
const question = (content = sentence, more = {}) => ({
  model: 'local-echo',
  max_tokens: 1000,
  messages: [{ role: 'user', content }],
  ...more,
});
const tools = [
  {
    name: 'weather',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];

test('anthropic: an answer has its text, reason and usage', async () => {
  const answer = await client.messages.create(question());
  assert.equal(answer.content[0].text, sentence);
  assert.equal(answer.stop_reason, 'end_turn');
  assert.ok(answer.usage.input_tokens > 0);
  assert.ok(answer.usage.output_tokens > 0);
  assert.ok(answer._request_id);
});

test('anthropic: the pieces of a stream make up the answer', async () => {
  const stream = client.messages.stream(question());
  const pieces = [];
  stream.on('text', (piece) => pieces.push(piece));
  const final = await stream.finalMessage();
  assert.equal(pieces.join(''), sentence);
  assert.ok(pieces.length > 10);
  assert.equal(final.stop_reason, 'end_turn');
});

test('anthropic: a stream that breaks off throws', async () => {
  const types = [];
  await assert.rejects(async () => {
    const events = await client.messages.create(question(sentence, { stream: true }), {
      headers: { 'X-Misbehave': 'cut:1500' },
    });
    for await (const event of events) types.push(event.type);
  });
  assert.ok(types.includes('content_block_delta'));
  assert.ok(!types.includes('message_stop'));
});

test('anthropic: a tool is called, as a whole and in a stream', async () => {
  const body = question('weather in Paris', { tools, tool_choice: { type: 'any' } });
  const whole = await client.messages.create(body);
  const final = await client.messages.stream(body).finalMessage();
  assert.equal(whole.stop_reason, 'tool_use');
  const call = whole.content.find((block) => block.type === 'tool_use');
  assert.equal(call.name, 'weather');
  assert.deepEqual(final.content.find((block) => block.type === 'tool_use').input, call.input);
});

test('anthropic: prompts are counted', async () => {
  const few = await client.messages.countTokens({
    model: 'local-echo',
    messages: [{ role: 'user', content: 'hi' }],
  });
  const many = await client.messages.countTokens({
    model: 'local-echo',
    messages: [{ role: 'user', content: sentence }],
  });
  assert.ok(many.input_tokens > few.input_tokens);
});

test('anthropic: errors have their classes', async () => {
  await assert.rejects(
    client.messages.create({ ...question(), model: 'nobody-has-it' }),
    (error) => error instanceof Anthropic.NotFoundError && error.error.error.type === 'not_found_error',
  );
  await assert.rejects(
    client.messages.create(question(sentence, { messages: [] })),
    (error) => error instanceof Anthropic.BadRequestError && Boolean(error.requestID),
  );
});
