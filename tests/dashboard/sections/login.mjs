import assert from 'node:assert/strict';

import { base, browserTest, logIn, token } from '../support/dashboard.mjs';

browserTest(
  'a wrong token does not open the dashboard',
  { loggedIn: false, expected: /40[13]/ },
  async (page) => {
    await logIn(page, 'a wrong token');
    await page.goto(`${base}/dashboard`);
    await page.locator('input[type=password]').waitFor();
    assert.equal(await page.getByRole('navigation', { name: 'Sections' }).count(), 0);
    const answer = await page.request.get(`${base}/api/session`);
    assert.equal(answer.status(), 401);
  },
);

browserTest(
  'the right token opens it, and logging out closes it',
  { loggedIn: false, expected: /401/ },
  async (page) => {
    await logIn(page, token);
    await page.getByRole('navigation', { name: 'Sections' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL('**/dashboard/login*');
    const answer = await page.request.get(`${base}/api/session`);
    assert.equal(answer.status(), 401);
  },
);

browserTest('an ended session leads to the login', { expected: /401/ }, async (page) => {
  await page.goto(`${base}/dashboard#/requests`);
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
  await page.context().clearCookies();
  await page.waitForURL('**/dashboard/login*');
});
