// A gateway before servers that are no llama.cpp router, or with few backends.
import assert from 'node:assert/strict';

import { browserTest, openSection } from '../support/dashboard.mjs';

const chatOnly = {
  ollama: {
    title: 'ollama',
    groups: [{ title: 'LLM', routes: [{ method: 'POST', path: '/v1/chat/completions' }] }],
  },
};
const list = {
  object: 'list',
  data: [
    { id: 'llama3.2:latest', object: 'model', owned_by: 'library' },
    { id: 'qwen3:8b', object: 'model', owned_by: 'library' },
  ],
};

async function withoutRouter(page) {
  await page.route('**/api/backend-routes', (route) => route.fulfill({ json: chatOnly }));
  await page.route('**/api/catalog', (route) => route.fulfill({ json: { names: [], total: 0 } }));
  await page.route('**/v1/models', (route) => route.fulfill({ json: list }));
  await page.route(
    (url) => url.pathname === '/models',
    (route) => route.abort(),
  );
}

browserTest('without a router the models are those of the backends', {}, async (page) => {
  await withoutRouter(page);
  await openSection(page, 'models', 'Models');
  await page.getByRole('rowheader', { name: 'qwen3:8b' }).waitFor();
  await page.getByText(/manage_models: true/).waitFor();
  assert.equal(await page.getByRole('button', { name: /^Load/ }).count(), 0);
  assert.equal(await page.getByRole('alert').count(), 0);
});

browserTest('without a router a chat names a model of the list', {}, async (page) => {
  await withoutRouter(page);
  await openSection(page, 'playground/chat', 'Playground');
  await page.locator('option', { hasText: 'qwen3:8b' }).waitFor({ state: 'attached' });
  assert.deepEqual(await page.getByLabel('Model').locator('option').allInnerTexts(), [
    'llama3.2:latest',
    'qwen3:8b',
  ]);
  let asked;
  await page.route('**/v1/chat/completions', (route) => {
    asked = route.request().postDataJSON();
    return route.fulfill({ contentType: 'text/event-stream', body: 'data: [DONE]\n\n' });
  });
  await page.getByLabel('Message', { exact: true }).fill('Hello');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.locator('.bubble.assistant').getByText(/^finished/).waitFor();
  assert.equal(asked.model, 'llama3.2:latest');
});

browserTest('sections without a backend say what to configure', {}, async (page) => {
  await withoutRouter(page);
  for (const [section, route, type] of [
    ['playground/speak', '/tts/synthesize', 'chatterbox'],
    ['playground/transcribe', '/stt/transcribe', 'faster-whisper'],
    ['playground/diarize', '/speakers/diarize', 'pyannote'],
    ['playground/denoise', '/audio/denoise', 'deepfilter'],
    ['voices', '/tts/synthesize', 'chatterbox'],
  ]) {
    await openSection(page, section);
    const note = page.locator('.note').filter({ hasText: `No backend serves ${route}` });
    await note.getByText(`type: ${type}`).waitFor();
  }
  await openSection(page, 'playground/chat', 'Playground');
  await page.getByRole('button', { name: 'Send' }).waitFor();
  assert.equal(await page.getByText(/^No backend serves/).count(), 0);
});

browserTest(
  'a closed dashboard says how it is opened instead of asking for a token',
  { expected: /403/ },
  async (page) => {
    await page.route('**/api/session', (route) =>
      route.fulfill({ status: 403, json: { detail: 'there is no SYNAPSE_DASHBOARD_ACCESS_TOKEN' } }),
    );
    await openSection(page, 'overview');
    await page.getByRole('heading', { name: 'The dashboard is closed here' }).waitFor();
    await page.getByText(/openssl rand/).waitFor();
    assert.equal(await page.locator('input[type=password]').count(), 0);
  },
);
