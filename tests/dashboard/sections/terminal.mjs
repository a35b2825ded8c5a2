import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { base, browserTest, misbehaveOnce, openSection } from '../support/dashboard.mjs';

/** Causes a warning that nobody else causes: a request's id stands in its lines. */
async function causeLine() {
  await misbehaveOnce('status:500', '/v1/models');
  const id = `line-${randomUUID()}`;
  const answer = await fetch(`${base}/v1/models`, { headers: { 'X-Request-Id': id } });
  assert.equal(answer.status, 200);
  return id;
}

browserTest('a line appears live; pause, search and filters do what they say', {}, async (page) => {
  await openSection(page, 'terminal', 'Terminal');
  await page.getByText('live', { exact: true }).waitFor();
  const log = page.getByRole('region', { name: 'Log lines' });
  const first = await causeLine();
  await log.getByText(first).first().waitFor();

  await page.getByRole('button', { name: 'Pause' }).click();
  const second = await causeLine();
  await page.getByRole('button', { name: /^Paused, [1-9]/ }).waitFor();
  assert.equal(await log.getByText(second).count(), 0);
  await page.getByRole('button', { name: /^Paused/ }).click();
  await log.getByText(second).first().waitFor();

  await page.getByLabel('Search').fill(second);
  await log.getByText(first).waitFor({ state: 'detached' });
  await log.locator('mark').first().waitFor();
  await page.getByLabel('Search').fill('');
  await log.getByText(first).first().waitFor();

  const source = await log.locator('.line', { hasText: first }).first().locator('.line-source').last().innerText();
  await page.getByRole('checkbox', { name: source, exact: true }).uncheck();
  await log.getByText(first).waitFor({ state: 'detached' });
  await page.getByRole('checkbox', { name: source, exact: true }).check();
  await log.getByText(first).first().waitFor();

  await page.getByLabel('Level').selectOption('CRITICAL');
  await log.getByText(first).waitFor({ state: 'detached' });
  await page.getByLabel('Level').selectOption('INFO');
  await log.getByText(first).first().waitFor();
  await page.getByText(/0 dropped/).waitFor();
});
