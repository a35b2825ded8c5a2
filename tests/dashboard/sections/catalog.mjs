// Names of the catalog: `local-chat` has stand-ins for a vLLM and an Ollama behind it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { base, browserTest, misbehaveOnce, openSection } from '../support/dashboard.mjs';

const gpu = 'local-gpu/meta-llama/Meta-Llama-3.1-8B-Instruct';
const cpu = 'local-cpu/llama3.1:8b';

async function chat(id = randomUUID()) {
  const answer = await fetch(`${base}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Request-Id': id },
    body: JSON.stringify({ model: 'local-chat', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await answer.arrayBuffer();
  assert.equal(answer.status, 200);
  return answer.headers.get('X-Synapse-Deployment');
}

const names = (page) => page.getByRole('region', { name: 'Names and their deployments' });
const rowOf = (page, id) => names(page).getByRole('row').filter({ hasText: id });

/** The page gets this catalog: states that a healthy gateway has not. */
async function withCatalog(page, change) {
  await page.route('**/api/catalog', async (route) => {
    const known = await (await route.fetch()).json();
    change(known);
    await route.fulfill({ json: known });
  });
}

browserTest('names stand before the router’s models, with their deployments', {}, async (page) => {
  await chat();
  await openSection(page, 'models', 'Models');
  await names(page).getByText('local-chat', { exact: true }).waitFor();
  await names(page).getByText(/also gpt-4o-mini/).waitFor();
  await rowOf(page, gpu).getByText('ready', { exact: true }).waitFor();
  await rowOf(page, gpu).getByText(/tier 1, weight 1/).waitFor();
  await rowOf(page, cpu).getByText(/tier 2, weight 1/).waitFor();
  await rowOf(page, gpu).getByText('loaded', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Models of the router' }).waitFor();
});

browserTest('a deployment is drained without a question, and comes back by Undo', {}, async (page) => {
  assert.equal(await chat(), gpu);
  await openSection(page, 'models', 'Models');
  await rowOf(page, gpu).getByRole('button', { name: `Drain ${gpu}` }).click();
  await page.getByRole('status').getByText(/gets no further requests/).waitFor();
  await rowOf(page, gpu).getByText('drained', { exact: true }).waitFor();
  assert.equal(await chat(), cpu);
  await page.getByRole('button', { name: `Undo: enable ${gpu}` }).click();
  await rowOf(page, gpu).getByText('ready', { exact: true }).waitFor();
  assert.equal(await page.getByText(/gets no further requests/).count(), 0);
  assert.equal(await chat(), gpu);
});

browserTest('what is shut says why and counts down', {}, async (page) => {
  let asked = 0;
  await withCatalog(page, (known) => {
    Object.assign(known.names[0].deployments[0], {
      state: 'shut',
      reason: 'it does not take the gateway’s key (chat)',
      trouble: 'key_refused',
      kind: 'chat',
      retry_in_seconds: 290 - asked,
      last_error: { at: Date.now(), what: 'invalid api key' },
    });
    asked += 1;
  });
  await openSection(page, 'models', 'Models');
  const row = rowOf(page, gpu);
  await row.getByText('shut', { exact: true }).waitFor();
  await row.getByText(/does not take the gateway’s key \(chat\), tried in/).waitFor();
  await row.getByText(/invalid api key/).waitFor();
  const seen = await row.getByText(/^tried in/).innerText();
  await row
    .getByText(/^tried in/)
    .filter({ hasNotText: seen })
    .waitFor();
});

browserTest('without a catalog the page is the router’s alone', {}, async (page) => {
  await withCatalog(page, (known) => Object.assign(known, { names: [], total: 0 }));
  await openSection(page, 'models', 'Models');
  await page.getByRole('region', { name: 'Models of the router' }).waitFor();
  await page.getByText('What the router has, and what it keeps loaded').waitFor();
  assert.equal(await names(page).count(), 0);
});

browserTest('many names are searched', {}, async (page) => {
  await withCatalog(page, (known) => {
    const [first] = known.names;
    known.names = Array.from({ length: 20 }, (_, at) => ({
      ...first,
      name: `name-${at}`,
      aliases: [],
      deployments: first.deployments.map((one) => ({ ...one, id: `${one.id}-${at}` })),
    }));
    known.total = 20;
  });
  await openSection(page, 'models', 'Models');
  await page.getByLabel('Search').fill('NAME-17');
  await names(page).getByText('name-16', { exact: true }).waitFor({ state: 'detached' });
  await names(page).getByText('name-17', { exact: true }).waitFor();
});

browserTest('a request that went elsewhere shows its attempts', {}, async (page) => {
  const id = `moved-${randomUUID()}`;
  await misbehaveOnce('status:500', '/v1/chat', 'VLLM');
  assert.equal(await chat(id), cpu);
  await openSection(page, 'requests', 'Requests');
  const table = page.getByRole('region', { name: 'Finished requests' });
  await table.getByRole('button', { name: `details of request ${id}` }).click();
  const attempts = table.getByRole('list', { name: 'Attempts' }).getByRole('listitem');
  assert.equal(await attempts.count(), 2);
  await attempts.first().getByText(gpu.slice(0, 40)).waitFor();
  await attempts.first().getByText(/\(500\)/).waitFor();
  await attempts.first().getByText(/to the next tier/).waitFor();
  await attempts.last().getByText(/answered \(200\)/).waitFor();
});

for (const colorScheme of ['dark', 'light'])
  browserTest(
    `on a phone a deployment's state and its button are in sight (${colorScheme})`,
    { context: { viewport: { width: 390, height: 844 }, isMobile: true, colorScheme } },
    async (page) => {
      await openSection(page, 'models', 'Models');
      await rowOf(page, gpu).waitFor();
      assert.equal(
        await names(page).evaluate((box) => box.scrollWidth - box.clientWidth),
        0,
      );
    },
  );
