import assert from 'node:assert/strict';

import { base, browserTest, openSection, token } from '../support/dashboard.mjs';

browserTest('the settings in force are shown and searched, without secrets', {}, async (page) => {
  await openSection(page, 'config', 'Configuration');
  const settings = page.getByLabel('Settings in force');
  await settings.getByText('llama-router:').waitFor();
  await page.getByText(/^None since the start/).waitFor();
  await page.getByLabel('Search').fill('idle_timeout');
  await settings.getByText('max_connections').waitFor({ state: 'detached' });
  assert.match(await settings.innerText(), /limits:\n {2}idle_timeout: 75s/);
  const environment = page.getByLabel('Environment', { exact: true }).and(page.locator('pre'));
  await environment.getByText('SYNAPSE_DASHBOARD_ACCESS_TOKEN: (set)').waitFor();
  assert.ok(!(await page.content()).includes(token));
});

browserTest('a refused reload is seen, with its reasons', {}, async (page) => {
  await page.route('**/api/config', async (route) => {
    const answer = await route.fetch();
    const problems = ['backends.yaml:3: backends.b.url: must begin with http:// or https://'];
    const reloads = [{ at: Date.now(), result: 'rejected', problems }];
    await route.fulfill({ response: answer, json: { ...(await answer.json()), reloads } });
  });
  await openSection(page, 'config', 'Configuration');
  await page.getByText('The file has been refused.').waitFor();
  await page.getByText('refused', { exact: true }).waitFor();
  await page.getByText(/backends\.b\.url/).waitFor();
});

browserTest('a backend is tested by hand, and says what came', {}, async (page) => {
  await openSection(page, 'backends', 'Backends');
  const card = page.locator('#backend-llama-router');
  await card.getByRole('button', { name: 'Test llama-router' }).click();
  await card.getByText('GET /health', { exact: true }).waitFor();
  await card.getByText(/^\s*\d+ models?$/).waitFor();
});

browserTest('the API page is the same with and without the dashboard', {}, async (page) => {
  const search = async () => {
    await page.getByText('/v1/embeddings', { exact: true }).waitFor();
    await page.getByLabel('Search').fill('chat/completions');
    await page.getByText('/v1/embeddings', { exact: true }).waitFor({ state: 'detached' });
    return page.locator('main .card').allInnerTexts();
  };
  await openSection(page, 'api', 'API docs');
  const inside = await search();
  await page.context().clearCookies(); // it is open to all
  await page.goto(`${base}/docs`);
  await page.getByRole('heading', { name: 'API docs', level: 1 }).waitFor();
  assert.deepEqual(await search(), inside);
});

browserTest('there is a sign for the tab', {}, async (page) => {
  await openSection(page, 'overview', 'Overview');
  const href = await page.locator('link[rel=icon]').getAttribute('href');
  const answer = await page.request.get(base + href);
  assert.equal(answer.status(), 200);
  assert.equal(answer.headers()['content-type'], 'image/svg+xml');
});
