import { base, browserTest, misbehaveOnce, openSection } from '../support/dashboard.mjs';

browserTest('a request in flight is seen and canceled', { expected: /ERR_/ }, async (page) => {
  await misbehaveOnce('slow-body:250');
  await openSection(page, 'playground/chat', 'Playground');
  await page.locator('option', { hasText: 'local-docs' }).waitFor({ state: 'attached' });
  await page.getByLabel('Model').selectOption('local-docs');
  await page
    .getByLabel('Message', { exact: true })
    .fill('How do I run the tests, and what do they need?');
  await page.getByRole('button', { name: 'Send' }).click();
  const answer = page.locator('.bubble.assistant');
  await answer.getByText('answering …').waitFor();

  const other = await page.context().newPage();
  await other.goto(`${base}/dashboard#/requests`);
  const row = other
    .getByRole('region', { name: 'Requests in flight' })
    .getByRole('row')
    .filter({ hasText: '/v1/chat/completions' });
  await row.getByText('answering').waitFor();
  await row.getByRole('button', { name: /^Cancel request/ }).click();
  await other
    .getByRole('status')
    .getByText(/is canceled/)
    .waitFor();
  await row.waitFor({ state: 'detached' });
  await answer.getByText(/^(cut off|error)/).waitFor();
});
