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
    await page.waitForURL('**/dashboard/login**');
    const answer = await page.request.get(`${base}/api/session`);
    assert.equal(answer.status(), 401);
  },
);

browserTest(
  'a login leads to the section that was asked for',
  { loggedIn: false, expected: /401/ },
  async (page) => {
    await page.goto(`${base}/dashboard#/models/local-docs`);
    await page.locator('input[type=password]').fill(token);
    await page.getByRole('button').click();
    await page.getByRole('region', { name: 'Profile of local-docs' }).waitFor();
    assert.match(page.url(), /\/dashboard#\/models\/local-docs$/);
    // Likewise when a session has ended meanwhile.
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'Configuration' }).click();
    await page.waitForURL('**/dashboard/login**');
    await page.locator('input[type=password]').fill(token);
    await page.getByRole('button').click();
    await page.getByRole('heading', { name: 'Configuration', level: 1 }).waitFor();
  },
);

browserTest('an ended session leads to the login', { expected: /401/ }, async (page) => {
  await page.goto(`${base}/dashboard#/requests`);
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
  await page.context().clearCookies();
  await page.waitForURL('**/dashboard/login**');
});
