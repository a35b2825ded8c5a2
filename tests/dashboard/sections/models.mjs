import assert from 'node:assert/strict';

import { base, browserTest, openSection } from '../support/dashboard.mjs';

const rowOf = (page, model) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: model, exact: true }) });

browserTest('a model is loaded and unloaded, and seen to be', {}, async (page) => {
  await openSection(page, 'models', 'Models');
  const row = rowOf(page, 'local-coder');
  await row.waitFor();
  if (await row.getByRole('button', { name: /^Unload/ }).count()) {
    await row.getByRole('button', { name: /^Unload/ }).click();
    await row.getByText('unloaded', { exact: true }).waitFor();
  }
  await row.getByRole('button', { name: /^Load/ }).click();
  await row.getByText('loaded', { exact: true }).waitFor();
  const list = await (await fetch(`${base}/models`)).json();
  assert.equal(list.data.find((model) => model.id === 'local-coder').status.value, 'loaded');
  await row.getByRole('button', { name: /^Unload/ }).click();
  await row.getByText('unloaded', { exact: true }).waitFor();
});

browserTest("a profile's value is stored, and taken back", {}, async (page) => {
  const stored = async () =>
    (await (await fetch(`${base}/models/local-echo/profile`)).json()).values;
  await openSection(page, 'models', 'Models');
  await page.getByRole('link', { name: 'Profile of local-echo' }).click();
  const editor = page.getByRole('region', { name: 'Profile of local-echo' });
  const field = editor.locator('.field').filter({ hasText: 'Temperature' });
  await field.getByText('family default').waitFor();
  await editor.getByLabel('Temperature', { exact: true }).fill('0.35');
  await editor.getByRole('button', { name: 'Save 1 change' }).click();
  await field.getByText('stored profile').waitFor();
  assert.deepEqual(await stored(), { temperature: 0.35 });

  await page.reload();
  await field.getByText('stored profile').waitFor();
  assert.equal(await editor.getByLabel('Temperature', { exact: true }).inputValue(), '0.35');
  await editor.getByRole('button', { name: 'Clear Temperature' }).click();
  await editor.getByRole('button', { name: 'Save 1 change' }).click();
  await field.getByText('family default').waitFor();
  assert.deepEqual(await stored(), {});
});

browserTest('a profile that was not saved is still there later', {}, async (page) => {
  await openSection(page, 'models/local-echo', 'Models');
  const editor = page.getByRole('region', { name: 'Profile of local-echo' });
  await editor.getByLabel('Temperature', { exact: true }).fill('0.55');
  await openSection(page, 'requests', 'Requests');
  await openSection(page, 'models', 'Models');
  await rowOf(page, 'local-echo').getByText('unsaved changes').waitFor();
  await page.getByRole('link', { name: 'Profile of local-echo' }).click();
  await editor.getByText('unsaved changes').waitFor();
  assert.equal(await editor.getByLabel('Temperature', { exact: true }).inputValue(), '0.55');
  await page.reload();
  await editor.getByRole('button', { name: 'Save 1 change' }).waitFor();
  await editor.getByRole('button', { name: 'Discard' }).click();
  await rowOf(page, 'local-echo').getByText('unsaved changes').waitFor({ state: 'detached' });
  await page.reload();
  await editor.getByText('family default').first().waitFor();
  assert.equal(await editor.getByLabel('Temperature', { exact: true }).inputValue(), '');
});

browserTest('a load that waits says what for', {}, async (page) => {
  await openSection(page, 'models', 'Models');
  const row = rowOf(page, 'local-coder');
  await row.waitFor();
  let answer;
  await page.route('**/models/load', (route) => {
    answer = () => route.fulfill({ json: { success: true } });
  });
  await page.route(
    (url) => url.pathname === '/models',
    async (route) => {
      const list = await (await route.fetch()).json();
      for (const one of list.data)
        if (one.id === 'local-coder') {
          one.status.value = 'unloaded';
          one.status.synapse_waits_for = { what: 'requests', text: '2 requests for local-docs' };
        }
      await route.fulfill({ json: list });
    },
  );
  await row.getByRole('button', { name: /^(Load|Unload) local-coder/ }).waitFor();
  await row.getByRole('button', { name: 'Load local-coder' }).click();
  await page.getByText(/Loading local-coder for .*: 2 requests for local-docs/).waitFor();
  await row.getByText('waits: 2 requests for local-docs').waitFor();
  answer();
  await page.getByText(/^Loading local-coder for/).waitFor({ state: 'detached' });
});

browserTest('what the gateway refuses is shown in its words', { expected: /503/ }, async (page) => {
  await openSection(page, 'models/local-echo', 'Models');
  const editor = page.getByRole('region', { name: 'Profile of local-echo' });
  await editor.getByLabel('Context size').fill('8192');
  await editor.getByRole('button', { name: /^Save/ }).click();
  await editor.getByText(/stored, runs with/).waitFor();
  // Outside a cluster the router's own arguments cannot be changed.
  await editor.getByRole('button', { name: 'Apply and load' }).click();
  await editor
    .getByRole('alert')
    .getByText(/cluster/)
    .waitFor();
  await editor.getByRole('button', { name: 'Clear Context size' }).click();
  await editor.getByRole('button', { name: /^Save/ }).click();
  await editor.getByText(/^runtime/).waitFor();
});
