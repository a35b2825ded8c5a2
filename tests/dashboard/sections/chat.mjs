import assert from 'node:assert/strict';

import { browserTest, misbehaveOnce, openSection } from '../support/dashboard.mjs';

async function ask(page, question, model) {
  await openSection(page, 'playground/chat', 'Playground');
  await page.locator('option', { hasText: model }).waitFor({ state: 'attached' });
  await page.getByLabel('Model').selectOption(model);
  await page.getByLabel('Message', { exact: true }).fill(question);
  await page.getByLabel('Message', { exact: true }).press('Enter');
}

browserTest('a chat answer streams to its end, and says how it ended', {}, async (page) => {
  await ask(page, 'What is Synapse?', 'local-docs');
  const answer = page.locator('.bubble.assistant');
  await answer.getByText('finished: stop').waitFor();
  assert.match(await answer.innerText(), /local-docs/);
  await page.getByLabel('Max tokens').fill('3');
  await page.getByLabel('Message', { exact: true }).fill('And how is it tested?');
  await page.getByRole('button', { name: 'Send' }).click();
  await answer.nth(1).getByText('length limit reached').waitFor();
});

browserTest('a chat goes on while other sections are looked at', {}, async (page) => {
  await misbehaveOnce('slow-body:60');
  await ask(page, 'What is Synapse?', 'local-docs');
  const answer = page.locator('.bubble.assistant');
  await answer.getByText('answering …').waitFor();
  await page.getByLabel('System prompt').fill('Be brief.');
  await openSection(page, 'overview', 'Overview');
  await openSection(page, 'playground/chat', 'Playground');
  await page.locator('.bubble.user').getByText('What is Synapse?').waitFor();
  await answer.getByText('finished: stop').waitFor();
  assert.equal(await page.getByLabel('System prompt').inputValue(), 'Be brief.');
  const said = await answer.innerText();
  await page.reload();
  await answer.getByText('finished: stop').waitFor();
  assert.equal(await answer.innerText(), said);
  await page.getByRole('button', { name: 'Clear' }).click();
  await answer.waitFor({ state: 'detached' });
});

browserTest('an answer tells its tokens, and how fast they came', {}, async (page) => {
  await misbehaveOnce('slow-body:20');
  await ask(page, 'What is Synapse?', 'local-docs');
  await page
    .locator('.bubble.assistant')
    .getByText(/\d+ read, \d+ tokens written · [\d.,]+ tokens\/s/)
    .waitFor();
});

browserTest('Markdown is rendered, and cannot do anything', {}, async (page) => {
  const content = [
    '**bold** and `code`',
    '',
    '| a | b |',
    '|---|---|',
    '| 1 | 2 |',
    '',
    '<img src=x onerror="window.harmed = true"><script>window.harmed = true</script>',
    '[bad](javascript:window.harmed=true) [good](https://example.com/)',
    '![picture](https://example.com/x.png)',
  ].join('\n');
  const chunk = { choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }] };
  await page.route('**/v1/chat/completions', (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`,
    }),
  );
  await ask(page, 'What is Synapse?', 'local-docs');
  const answer = page.locator('.bubble.assistant');
  await answer.locator('strong', { hasText: 'bold' }).waitFor();
  await answer.locator('td', { hasText: '2' }).waitFor();
  await answer.getByText('<script>window.harmed = true</script>').waitFor(); // as text
  assert.equal(await answer.locator('img, script, [onerror]').count(), 0);
  assert.deepEqual(
    await answer.locator('a[href]').evaluateAll((links) => links.map((link) => link.href)),
    ['https://example.com/', 'https://example.com/x.png'],
  );
  assert.equal(await page.evaluate(() => window.harmed), undefined);
});

browserTest('auto chooses a model by the question', {}, async (page) => {
  await ask(page, 'repeat this', 'auto');
  await page.locator('.bubble.assistant').getByText('local-echo').waitFor();
});

browserTest('a chat answer that is stopped says so', {}, async (page) => {
  await misbehaveOnce('slow-body:150');
  await ask(page, 'How do I run the tests, and what do they need?', 'local-docs');
  const answer = page.locator('.bubble.assistant');
  await answer.getByText('answering …').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await answer.getByText('stopped by you').waitFor();
  await page.getByRole('button', { name: 'Send' }).waitFor();
});

for (const [what, spec] of [
  ['is cut', 'reset:2000'],
  ['just ends', 'cut-clean:20,slow-body:20'],
])
  browserTest(
    `a chat answer that ${what} never looks finished`,
    { expected: /ERR_/ },
    async (page) => {
      await misbehaveOnce(spec);
      await ask(page, 'What is Synapse?', 'local-docs');
      const answer = page.locator('.bubble.assistant');
      await answer.getByText(/^(cut off|error)/).waitFor();
      assert.doesNotMatch(await answer.innerText(), /finished/);
    },
  );

browserTest(
  'a stream without [DONE] is shown as cut off, whatever its last chunk says',
  {},
  async (page) => {
    const chunk = { choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }] };
    await page.route('**/v1/chat/completions', (route) =>
      route.fulfill({
        contentType: 'text/event-stream',
        body: `data: ${JSON.stringify(chunk)}\n\n`,
      }),
    );
    await ask(page, 'What is Synapse?', 'local-docs');
    const answer = page.locator('.bubble.assistant');
    await answer.getByText('Hello').waitFor();
    await answer.getByText(/^cut off/).waitFor();
  },
);

browserTest(
  'an answer that is refused leaves the question to be sent again',
  { expected: /503|50\d/ },
  async (page) => {
    await misbehaveOnce('status:503');
    await ask(page, 'Will this work?', 'local-docs');
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByLabel('Message', { exact: true }).inputValue(), 'Will this work?');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('.bubble.assistant').getByText('finished: stop').waitFor();
  },
);
