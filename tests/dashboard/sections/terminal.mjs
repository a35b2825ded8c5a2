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
  // The access log's line has the id as well, where it is shown.
  const warningOf = (id) =>
    log.locator('.line').filter({ hasText: id }).filter({ hasText: 'left out' });
  const first = await causeLine();
  await warningOf(first).waitFor();

  await page.getByRole('button', { name: 'Pause' }).click();
  const second = await causeLine();
  await page.getByRole('button', { name: /^Paused, [1-9]/ }).waitFor();
  assert.equal(await warningOf(second).count(), 0);
  await page.getByRole('button', { name: /^Paused/ }).click();
  await warningOf(second).waitFor();

  await page.getByLabel('Search').fill(second);
  await warningOf(first).waitFor({ state: 'detached' });
  await log.locator('mark').first().waitFor();
  await page.getByLabel('Search').fill('');
  await warningOf(first).waitFor();

  const source = await warningOf(first).locator('.line-source').last().innerText();
  await page.getByRole('checkbox', { name: source, exact: true }).uncheck();
  await warningOf(first).waitFor({ state: 'detached' });
  await page.getByRole('checkbox', { name: source, exact: true }).check();
  await warningOf(first).waitFor();

  await page.getByLabel('Level').selectOption('CRITICAL');
  await warningOf(first).waitFor({ state: 'detached' });
  await page.getByLabel('Level').selectOption('INFO');
  await warningOf(first).waitFor();
  await page.getByText(/0 dropped/).waitFor();
});

const events = (list) =>
  list.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join('');
const line = (number) => [
  'log',
  {
    ts: '2030-01-01T00:00:00Z',
    source: 'gateway',
    level: 'INFO',
    message: `line ${number}`,
    instance: 'one',
  },
];

browserTest(
  'only the last lines are kept, and what the gateway had to drop is counted',
  {},
  async (page) => {
    const body = events([
      ['meta', { instance: 'one', mode: 'live', bus_mode: 'local' }],
      ...Array.from({ length: 2500 }, (_, i) => line(i)),
      ['dropped', { count: 7 }],
    ]);
    await page.route('**/events/terminal*', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body: `retry: 600000\n\n${body}` }),
    );
    await openSection(page, 'terminal', 'Terminal');
    await page.getByText('7 dropped').waitFor();
    await page.getByText('line 2499', { exact: true }).waitFor();
    assert.equal(await page.locator('.line').count(), 2000);
  },
);

browserTest('without a live feed sample lines stand there, marked as such', {}, async (page) => {
  await page.route('**/api/session', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({
      response: answer,
      json: { ...(await answer.json()), feed_mode: 'mock' },
    });
  });
  await openSection(page, 'terminal', 'Terminal');
  await page.getByText('These lines are samples').waitFor();
  await page.locator('.line').first().waitFor();
});
