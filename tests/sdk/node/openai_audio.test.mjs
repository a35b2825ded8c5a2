// The audio routes of the official OpenAI SDK for Node, against local backends with real engines.
// This SDK sends a form's fields in the order in which they are written, the file often first.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import './file_global.mjs';
import OpenAI, { toFile } from 'openai';

const baseUrl = process.env.SYNAPSE_BASE_URL.replace(/\/$/, '');
const client = new OpenAI({
  baseURL: `${baseUrl}/v1`,
  apiKey: 'unused',
  maxRetries: 0,
  timeout: 120_000,
});
const sentence = 'The quick brown fox jumps over the lazy dog.';
let sound;

const expectSentence = (text) => assert.match(text.toLowerCase(), /quick brown fox.*lazy dog/);
const hear = async (options = {}) =>
  client.audio.transcriptions.create({
    file: await toFile(sound, 'fox.wav'),
    model: 'whisper-1',
    ...options,
  });

before(async () => {
  const answer = await client.audio.speech.create({
    model: 'tts-1',
    voice: 'alloy',
    input: sentence,
    response_format: 'wav',
  });
  assert.equal(answer.headers.get('content-type'), 'audio/wav');
  sound = Buffer.from(await answer.arrayBuffer());
});

test('speech is a recording', () => {
  assert.equal(sound.subarray(0, 4).toString(), 'RIFF');
  assert.ok(sound.length > 48_000);
});

test('a transcription with the file first', async () => {
  expectSentence((await hear()).text);
});

test('subtitles with the file first', async () => {
  assert.match(await hear({ response_format: 'vtt' }), /^WEBVTT\n\n00:00:0/);
});

test('words with the file first', async () => {
  const answer = await hear({
    response_format: 'verbose_json',
    timestamp_granularities: ['word'],
  });
  assert.ok(answer.words.length >= 8);
  assert.equal(answer.language, 'english');
});

test('a stream, asked for behind the file', async () => {
  let text = '';
  let done = '';
  for await (const event of await hear({ stream: true })) {
    if (event.type === 'transcript.text.delta') text += event.delta;
    if (event.type === 'transcript.text.done') done = event.text;
  }
  expectSentence(done);
  assert.equal(text, done);
});

test('an unknown voice is a bad request', async () => {
  await assert.rejects(
    client.audio.speech.create({ model: 'tts-1', voice: 'nobody', input: 'Hello.' }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === 'voice',
  );
});

test('a file that is no recording is a bad request', async () => {
  await assert.rejects(
    hear({ file: await toFile(Buffer.from('no recording at all'), 'a.wav') }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === 'file',
  );
});
