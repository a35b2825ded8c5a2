import assert from 'node:assert/strict';

import { base, browserTest, openSection } from '../support/dashboard.mjs';

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

const sample = (at, duration_ms) => ({
  at,
  requests: duration_ms ? 1 : 0,
  client_errors: 0,
  server_errors: 0,
  left: 0,
  in_flight: 0,
  duration_ms,
  first_token_ms: null,
});

/** Answers the overview's question with other samples. */
async function withSamples(page, samples) {
  await page.route('**/api/overview*', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), samples } });
  });
}

/** Pixels of a chart that have one of the colours of its lines. */
const coloured = (page, title) =>
  page
    .getByRole('region', { name: title })
    .locator('canvas')
    .evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        const [red, green, blue, alpha] = data.slice(i, i + 4);
        if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 90) count += 1;
      }
      return count;
    });

browserTest(
  'a lone request is a dot, and nothing is said to be nothing',
  { context: { colorScheme: 'light' } },
  async (page) => {
    const now = Date.now();
    const times = { p50: 705, p95: 705, p99: 705 };
    const samples = [sample(now - 10_000, null), sample(now - 5000, times), sample(now, null)];
    await withSamples(page, samples);
    await openSection(page, 'overview', 'Overview');
    const latency = page.getByRole('region', { name: 'Latency' });
    await latency.getByText('no request yet').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.querySelectorAll('canvas').length === 4);
    assert.ok((await coloured(page, 'Latency')) > 5, 'a dot');
    await page.getByRole('region', { name: 'Time to first token' }).getByText('no stream yet').waitFor();
    assert.equal(await coloured(page, 'Time to first token'), 0);
  },
);

browserTest(
  'a gateway that does not answer is not shown as ready',
  { expected: /ERR_/ },
  async (page) => {
    await openSection(page, 'overview', 'Overview');
    const state = page.locator('.page-head .badge');
    await state.getByText('ready', { exact: true }).waitFor();
    await page.route('**/api/**', (route) => route.abort('connectionrefused'));
    await state.getByText('not reachable', { exact: true }).waitFor();
    await page.getByRole('alert').getByText(/does not answer.*What is shown is of \d\d:/).waitFor();
    await page.unroute('**/api/**');
    await state.getByText('ready', { exact: true }).waitFor();
  },
);

browserTest('overview and backends say the same of a backend, with the reason', {}, async (page) => {
  const reason = 'circuit open, after: connect failure';
  const bad = { status: 'unhealthy', circuit: 'open', reason };
  for (const path of ['**/api/overview*', '**/api/backends'])
    await page.route(path, async (route) => {
      const answer = await route.fetch();
      const json = await answer.json();
      Object.assign(
        json.backends.find((one) => one.name === 'llama-embed'),
        bad,
      );
      await route.fulfill({ response: answer, json });
    });
  await openSection(page, 'overview', 'Overview');
  const line = page.locator('.health-line').filter({ hasText: 'llama-embed' });
  await line.getByText('unhealthy', { exact: true }).waitFor();
  await line.getByText(reason).waitFor();
  await openSection(page, 'backends', 'Backends');
  const card = page.locator('#backend-llama-embed');
  await card.getByText('unhealthy', { exact: true }).waitFor();
  await card.getByText(reason).waitFor();
});

browserTest('times are told by route, and the charts show one alone', {}, async (page) => {
  await fetch(`${base}/v1/models`);
  await openSection(page, 'overview', 'Overview');
  const routes = page.getByRole('region', { name: 'Routes', exact: true });
  const choose = routes.getByRole('button', { name: '/v1/models', exact: true });
  await choose.waitFor();
  const asked = page.waitForRequest(/api\/overview\?route=%2Fv1%2Fmodels/);
  await choose.click();
  await asked;
  assert.equal(await page.getByLabel('Charts show').inputValue(), '/v1/models');
  await page.getByRole('button', { name: 'All routes' }).click();
  assert.equal(await page.getByLabel('Charts show').inputValue(), '');
});

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
