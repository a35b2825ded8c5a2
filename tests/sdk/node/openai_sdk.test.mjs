// The official OpenAI SDK for Node against a running gateway with local backends.
//
// SYNAPSE_BASE_URL is the gateway's address; scripts/with_local_stack.py starts one and sets it. The
// model local-echo repeats the last user message, so what must come back is known exactly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import OpenAI from 'openai';

const baseUrl = process.env.SYNAPSE_BASE_URL.replace(/\/$/, '');
const client = new OpenAI({
  baseURL: `${baseUrl}/v1`,
  apiKey: 'unused',
  maxRetries: 0,
  timeout: 30_000,
});
// Several bytes per character, an escape, and enough words for a stream of many events.
const words = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');
const sentence = `Ein Satz mit Umlauten äöü, 漢字, "quotes" and 🙂: ${words}`;
const user = (content) => [{ role: 'user', content }];
const waitMilliseconds = 20_000;

async function metricSum(name, label = '') {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  let total = 0;
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match && match[1] === name && (match[2] ?? '').includes(label)) total += Number(match[3]);
  }
  return total;
}

async function eventually(condition) {
  const deadline = Date.now() + waitMilliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

async function collect(stream) {
  const seen = { text: '', pieces: 0, reasons: [], usages: [], last: undefined };
  for await (const chunk of stream) {
    seen.last = chunk;
    if (chunk.usage) seen.usages.push(chunk.usage);
    for (const choice of chunk.choices) {
      if (choice.delta?.content) seen.pieces += 1;
      seen.text += choice.delta?.content ?? '';
      if (choice.finish_reason) seen.reasons.push(choice.finish_reason);
    }
  }
  return seen;
}

const stream = (body = {}, headers = {}) =>
  client.chat.completions.create(
    { model: 'local-echo', messages: user(sentence), stream: true, ...body },
    { headers },
  );

test('a chat answer has text, reason and usage', async () => {
  const answer = await client.chat.completions.create({
    model: 'local-echo',
    messages: user(sentence),
  });
  assert.equal(answer.object, 'chat.completion');
  assert.equal(answer.choices[0].message.content, sentence);
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.ok(answer.usage.prompt_tokens > 0);
  assert.equal(
    answer.usage.total_tokens,
    answer.usage.prompt_tokens + answer.usage.completion_tokens,
  );
});

test('an answer carries the request id that was sent', async () => {
  const { response } = await client.chat.completions
    .create(
      { model: 'local-echo', messages: user('hello') },
      { headers: { 'X-Request-Id': 'sdk-test-2' } },
    )
    .withResponse();
  assert.equal(response.headers.get('x-request-id'), 'sdk-test-2');
});

test('the pieces of a stream make up the answer', async () => {
  const seen = await collect(await stream());
  assert.equal(seen.text, sentence);
  assert.ok(seen.pieces > 10, `${seen.pieces} pieces`);
  assert.deepEqual(seen.reasons, ['stop']);
  assert.deepEqual(seen.usages, []);
});

test('usage comes at the end of a stream when asked for', async () => {
  const seen = await collect(await stream({ stream_options: { include_usage: true } }));
  assert.equal(seen.usages.length, 1);
  assert.deepEqual(seen.last.choices, []);
  assert.ok(seen.last.usage.total_tokens > seen.last.usage.prompt_tokens);
});

test('leaving a stream early cancels the request', async () => {
  const before = await metricSum('synapse_client_disconnects_total');
  // 200 ms per event: the stream would take seconds, so it is still running when it is left.
  let chunks = 0;
  for await (const chunk of await stream({}, { 'X-Misbehave': 'slow-body:200' })) {
    assert.ok(chunk.id);
    chunks += 1;
    if (chunks === 2) break;
  }
  assert.equal(chunks, 2);
  assert.ok(
    await eventually(async () => (await metricSum('synapse_client_disconnects_total')) === before + 1),
    'the gateway did not notice',
  );
  assert.ok(
    await eventually(
      async () => (await metricSum('synapse_upstream_in_flight', 'backend="llama-router"')) === 0,
    ),
    'the request to the backend went on',
  );
  const answer = await client.chat.completions.create({
    model: 'local-echo',
    messages: user('still here'),
  });
  assert.equal(answer.choices[0].message.content, 'still here');
});

for (const misbehavior of ['cut-clean:3', 'cut:300', 'reset:300', 'bad-chunk:3', 'error-event:3']) {
  test(`a stream torn by ${misbehavior} does not look complete`, async () => {
    let text = '';
    const reasons = [];
    await assert.rejects(async () => {
      for await (const chunk of await stream({}, { 'X-Misbehave': misbehavior })) {
        for (const choice of chunk.choices) {
          text += choice.delta?.content ?? '';
          if (choice.finish_reason) reasons.push(choice.finish_reason);
        }
      }
    }, OpenAI.APIError);
    assert.deepEqual(reasons, []);
    assert.ok(sentence.startsWith(text) && text !== sentence, text);
  });
}

test('legacy completions answer and stream the same', async () => {
  const whole = await client.completions.create({ model: 'local-echo', prompt: sentence });
  assert.equal(whole.object, 'text_completion');
  assert.equal(whole.choices[0].finish_reason, 'stop');
  let text = '';
  for await (const chunk of await client.completions.create({
    model: 'local-echo',
    prompt: sentence,
    stream: true,
  })) {
    text += chunk.choices[0]?.text ?? '';
  }
  assert.ok(text.length > 0);
  assert.equal(text, whole.choices[0].text);
});

test('embeddings as base64 and as numbers are the same vectors', async () => {
  const input = ['the quick brown fox', 'jumps over the lazy dog'];
  // The SDK asks for base64 by itself and decodes it.
  const usual = await client.embeddings.create({ model: 'local-embed', input });
  const floats = await client.embeddings.create({
    model: 'local-embed',
    input,
    encoding_format: 'float',
  });
  assert.deepEqual(usual.data.map((item) => item.index), [0, 1]);
  for (const [index, item] of usual.data.entries()) {
    const other = floats.data[index].embedding;
    assert.equal(item.embedding.length, other.length);
    assert.ok(item.embedding.every((value, i) => Math.abs(value - other[i]) < 1e-6));
    const length = item.embedding.reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(length - 1) < 1e-4, `squared length ${length}`);
  }
  assert.notDeepEqual(usual.data[0].embedding, usual.data[1].embedding);
});

test('the model list has the models of both backends', async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  for (const wanted of ['local-embed', 'local-docs', 'local-echo', 'local-coder'])
    assert.ok(names.includes(wanted), `${wanted} is not in ${names}`);
});

test('an unknown model is not found', async () => {
  await assert.rejects(
    client.chat.completions.create({ model: 'no-such-model', messages: user('hello') }),
    (error) => error instanceof OpenAI.NotFoundError && error.message.includes('no-such-model'),
  );
});

test('an unknown route is not found', async () => {
  await assert.rejects(client.fineTuning.jobs.list(), OpenAI.NotFoundError);
});

test('a status of the backend passes through', async () => {
  await assert.rejects(
    client.chat.completions.create(
      { model: 'local-echo', messages: user('hello') },
      { headers: { 'X-Misbehave': 'status:429' } },
    ),
    OpenAI.RateLimitError,
  );
});

test('garbage of the backend is an internal server error', async () => {
  await assert.rejects(
    client.chat.completions.create(
      { model: 'local-echo', messages: user('hello') },
      { headers: { 'X-Misbehave': 'garbage-head' } },
    ),
    (error) => error instanceof OpenAI.InternalServerError && error.status === 502,
  );
});
