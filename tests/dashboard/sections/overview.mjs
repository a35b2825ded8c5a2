import assert from 'node:assert/strict';

import { browserTest, openSection } from '../support/dashboard.mjs';

const backends = [
  'llama-embed',
  'llama-router',
  'chatterbox-tts',
  'whisper-stt',
  'pyannote-speaker',
  'deepfilter-audio',
];

browserTest(
  'the overview shows every backend and four charts with their numbers',
  {},
  async (page) => {
    await openSection(page, 'overview', 'Overview');
    const list = page.locator('.health-line');
    for (const backend of backends)
      await list
        .filter({ hasText: backend })
        .locator('.badge')
        .getByText(/^(healthy|busy)$/)
        .waitFor();
    for (const title of ['Request rate', 'Errors', 'Latency', 'Time to first token'])
      await page.getByRole('region', { name: title }).locator('canvas').waitFor();
    const rate = page.getByRole('region', { name: 'Request rate' });
    await rate.getByText('Numbers').click();
    await rate.getByRole('row').nth(1).waitFor();
  },
);

browserTest('the backends tell their circuits, permits and routes', {}, async (page) => {
  await openSection(page, 'backends', 'Backends');
  const chat = page.locator('#backend-llama-router');
  await chat.getByText('circuit closed').waitFor();
  await chat.getByText(/in use/).waitFor();
  await chat.getByText(/\d+ routes?/).click();
  await chat.getByText('/v1/chat/completions', { exact: true }).waitFor();
});

browserTest('the cluster shows this replica', {}, async (page) => {
  await openSection(page, 'cluster', 'Cluster');
  const row = page.getByRole('row').filter({ hasText: 'this one' });
  await row.getByText('up', { exact: true }).waitFor();
});

browserTest('the API docs list routes, and their schemas when asked', {}, async (page) => {
  await openSection(page, 'api', 'API docs');
  await page.getByText('/v1/embeddings', { exact: true }).waitFor();
  await page.getByLabel('Search').fill('chat/completions');
  await page.getByText('/v1/embeddings', { exact: true }).waitFor({ state: 'detached' });
  await page.getByText('/v1/chat/completions', { exact: true }).click();
  await page
    .locator('.operation-body .field-name', { hasText: /^messages$/ })
    .first()
    .waitFor();
});

browserTest(
  'colours follow the system until a person chooses',
  { context: { colorScheme: 'dark' } },
  async (page) => {
    await openSection(page, 'cluster', 'Cluster');
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    assert.equal(await theme(), 'dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
    await page.getByRole('button', { name: /^Colours: system/ }).click();
    assert.equal(await theme(), 'dark');
    await page.reload();
    await page.getByRole('button', { name: /^Colours: dark/ }).waitFor();
    assert.equal(await theme(), 'dark');
  },
);

browserTest('nothing is asked while the tab is hidden', {}, async (page) => {
  await page.clock.install();
  await openSection(page, 'overview', 'Overview');
  await page.locator('.health-line').first().waitFor();
  const setHidden = (hidden) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await setHidden(true);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.clock.fastForward('10:00');
  assert.deepEqual(asked, []);
  const next = page.waitForResponse('**/api/overview*');
  await setHidden(false);
  await next;
});
