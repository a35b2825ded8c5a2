import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { base, browserTest, misbehaveOnce, openSection } from '../support/dashboard.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const sections = [
  ['overview', '.health-line'],
  ['backends', '.rows'],
  ['models', 'tbody tr'],
  ['models/local-docs', '.fields input'],
  ['voices', '.empty, .chips'],
  ['playground/chat', '.chat-form'],
  ['playground/speak', 'form'],
  ['playground/transcribe', 'form'],
  ['playground/diarize', 'form'],
  ['playground/denoise', 'form'],
  ['requests', '.empty, tbody tr'],
  ['terminal', '.line'],
  ['config', '.settings'],
  ['cluster', 'tbody tr'],
  ['api', '.operation'],
];

async function findings(page) {
  await page.evaluate(axe); // not as a script element: the policy would refuse that, as it should
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations'] }),
  );
  return violations
    .filter((found) => found.impact === 'serious' || found.impact === 'critical')
    .map((found) => `${found.id}: ${found.nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

for (const colorScheme of ['dark', 'light'])
  browserTest(
    `no section has a serious finding of axe (${colorScheme})`,
    { context: { colorScheme } },
    async (page) => {
      const all = {};
      for (const [section, sign] of sections) {
        await openSection(page, section);
        await page.locator(sign).first().waitFor();
        const found = await findings(page);
        if (found.length > 0) all[section] = found;
      }
      await openSection(page, 'voices', 'Voices');
      await page.getByRole('button', { name: 'New voice' }).click();
      await page.getByRole('dialog').waitFor();
      const found = await findings(page);
      if (found.length > 0) all.dialog = found;
      assert.deepEqual(all, {});
    },
  );

browserTest(
  'no section is wider than a phone',
  { context: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } },
  async (page) => {
    const wide = [];
    for (const [section, sign] of sections) {
      await openSection(page, section);
      await page.locator(sign).first().waitFor();
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (over > 0) wide.push(`${section}: ${over}`);
    }
    assert.deepEqual(wide, []);
    const nav = page.getByRole('navigation', { name: 'Sections' });
    await nav.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Menu' }).click();
    await nav.getByRole('link', { name: 'Voices' }).click();
    await page.getByRole('heading', { name: 'Voices', level: 1 }).waitFor();
    await nav.waitFor({ state: 'hidden' });
  },
);

browserTest('the keyboard reaches the content, the sections and the tabs', {}, async (page) => {
  await openSection(page, 'overview', 'Overview');
  const focused = () =>
    page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim());
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'main');
  await page.getByRole('link', { name: 'Playground' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Playground', level: 1 }).waitFor();
  assert.equal(await focused(), 'Playground');
  await page.getByRole('tab', { name: 'Chat' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('tab', { name: 'Speak', selected: true }).waitFor();
  assert.equal(await focused(), 'tab-speak');
  await page.keyboard.press('End');
  await page.getByRole('tab', { name: 'Denoise', selected: true }).waitFor();
});

browserTest(
  'the API page has no serious finding, and is no wider than a phone',
  { context: { viewport: { width: 390, height: 844 }, isMobile: true } },
  async (page) => {
    await page.goto(`${base}/docs`);
    await page.locator('.operation').first().waitFor();
    assert.deepEqual(await findings(page), []);
    const over = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.equal(over, 0);
  },
);

browserTest(
  'on a phone all tabs of the playground and the replicas are in sight',
  { context: { viewport: { width: 390, height: 844 }, isMobile: true } },
  async (page) => {
    await openSection(page, 'playground/chat', 'Playground');
    const hidden = await page
      .locator('.tabs')
      .evaluate((element) => element.scrollWidth - element.clientWidth);
    assert.equal(hidden, 0);
    await openSection(page, 'cluster', 'Cluster');
    const row = page.getByRole('row').filter({ hasText: 'this one' });
    await row.waitFor();
    assert.equal(
      await page.locator('.table-wrap').evaluate((box) => box.scrollWidth - box.clientWidth),
      0,
    );
    // No word is broken into a column of letters.
    assert.ok((await page.locator('thead').boundingBox()).height < 60);
  },
);

browserTest('the inputs of a profile stand on one height', {}, async (page) => {
  for (const width of [1280, 900]) {
    await page.setViewportSize({ width, height: 800 });
    await openSection(page, 'models/local-docs', 'Models');
    await page.locator('.fields input').first().waitFor();
    const uneven = await page.locator('.grid.fields').evaluate((grid) => {
      const rows = new Map();
      for (const cell of grid.querySelectorAll(':scope > div:not(.wide)')) {
        const top = Math.round(cell.getBoundingClientRect().top);
        const input = cell.querySelector('input, select').getBoundingClientRect();
        rows.set(top, [...(rows.get(top) ?? []), Math.round(input.top)]);
      }
      return [...rows.values()].filter((tops) => new Set(tops).size > 1);
    });
    assert.deepEqual(uneven, []);
  }
});

browserTest('what streams has no serious finding either', {}, async (page) => {
  await misbehaveOnce('slow-body:60');
  await openSection(page, 'playground/chat', 'Playground');
  await page.getByLabel('Message', { exact: true }).fill('What is Synapse?');
  await page.getByRole('button', { name: 'Send' }).click();
  await page
    .locator('.bubble.assistant')
    .getByText(/answering/)
    .waitFor();
  assert.deepEqual(await findings(page), []);
});
