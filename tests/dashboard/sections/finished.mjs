import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { base, browserTest, openSection } from '../support/dashboard.mjs';

async function chat(id, body = { model: 'local-docs', stream: true }) {
  const answer = await fetch(`${base}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Request-Id': id },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'What is Synapse?' }], ...body }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

browserTest(
  'a finished request is found, explained, and leads to its log lines',
  { context: { permissions: ['clipboard-read', 'clipboard-write'] } },
  async (page) => {
    const id = `done-${randomUUID()}`;
    assert.equal(await chat(id), 200);
    await openSection(page, 'requests', 'Requests');
    const table = page.getByRole('region', { name: 'Finished requests' });
    const details = table.getByRole('button', { name: `details of request ${id}` });
    await details.click();
    const facts = table.locator('.detail-row');
    await facts.getByText(id, { exact: true }).waitFor();
    await facts.getByText('llama-router', { exact: true }).waitFor();
    await facts.getByText('via upstream', { exact: true }).waitFor();
    await facts.getByText(/^\d[\d,]* → \d[\d,]*$/).waitFor();

    await facts.getByRole('button', { name: 'Copy as curl' }).click();
    await facts.getByText('The command is in the clipboard').waitFor();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(command, /^curl 'http:\/\/[^']+\/v1\/chat\/completions'/);
    assert.match(command, /local-docs/);
    assert.doesNotMatch(command, /authorization|cookie/i);

    await facts.getByRole('link', { name: 'Log lines' }).click();
    await page.getByRole('heading', { name: 'Terminal', level: 1 }).waitFor();
    const lines = page.getByRole('region', { name: 'Log lines' }).locator('.line');
    await lines.filter({ hasText: id }).first().waitFor();
    assert.equal(await lines.filter({ hasNotText: id }).count(), 0);
  },
);

browserTest('filters leave what was asked for, and are still there later', {}, async (page) => {
  const bad = `bad-${randomUUID()}`;
  const good = `good-${randomUUID()}`;
  assert.equal(await chat(bad, { model: 7 }), 400);
  assert.equal(await chat(good), 200);
  await openSection(page, 'requests', 'Requests');
  const table = page.getByRole('region', { name: 'Finished requests' });
  const details = (id) => table.getByRole('button', { name: `details of request ${id}` });
  await details(good).waitFor();
  await page.getByLabel('Status').selectOption('4xx');
  await details(good).waitFor({ state: 'detached' });
  await details(bad).waitFor();
  await openSection(page, 'cluster', 'Cluster');
  await openSection(page, 'requests', 'Requests');
  await details(bad).waitFor();
  assert.equal(await page.getByLabel('Status').inputValue(), '4xx');
  assert.equal(await details(good).count(), 0);
  await page.getByRole('button', { name: 'Show all' }).click();
  await details(good).waitFor();
});
