// Writes the pictures of the documentation: a few sections of a gateway that has something to do, in
// both colour schemes. Run by run.sh; takes a minute, so that the charts have something to show.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { chromium } from 'playwright-core';

const base = process.env.SYNAPSE_URL.replace(/\/$/, '');
const folder = process.env.IMAGES_DIR;
const trafficMs = Number(process.env.TRAFFIC_SECONDS ?? 75) * 1000;

const post = (target, body) =>
  fetch(base + target, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }).then((answer) => answer.arrayBuffer());
const question = (content) => ({
  model: 'local-docs',
  stream: true,
  messages: [{ role: 'user', content }],
});
const kinds = [
  () => post('/v1/chat/completions', question('What is Synapse?')),
  () => post('/v1/chat/completions', question('How do I run the tests?')),
  () => post('/v1/embeddings', { model: 'local-embed', input: 'a cat' }),
  () => fetch(`${base}/v1/models`).then((answer) => answer.arrayBuffer()),
  () => fetch(`${base}/health`).then((answer) => answer.arrayBuffer()),
];

/** A few clients, more of them at some times than at others. */
async function traffic(untilMs) {
  const begin = Date.now();
  const client = async (number) => {
    for (let i = number; Date.now() < untilMs; i += 1) {
      await kinds[i % kinds.length]();
      if (i % 40 === 0) await fetch(`${base}/no-such-route`).then((answer) => answer.arrayBuffer());
      const wave = 1.2 + Math.sin((Date.now() - begin) / 9000 + number);
      await new Promise((resolve) => setTimeout(resolve, 40 + 160 * wave));
    }
  };
  await Promise.all([0, 1, 2, 3].map(client));
}

/** Lines for the terminal: models that take turns, and a backend that fails now and then. */
async function events() {
  const router = `http://127.0.0.1:${process.env.LOCAL_STACK_LLAMA_ROUTER_PORT}`;
  for (const model of ['local-coder', 'local-echo', 'local-docs']) {
    await post('/v1/chat/completions', { ...question('What is Synapse?'), model });
    const spec = { spec: 'status:503@/v1/models', times: 1 };
    await fetch(`${router}/__misbehave`, { method: 'POST', body: JSON.stringify(spec) });
    await kinds[3]();
  }
}

async function chat(page) {
  await page.getByLabel('Message', { exact: true }).fill('How are models kept loaded?');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('finished: stop', { exact: true }).waitFor();
}

const pictures = [
  ['overview', 'overview', '.health-line .badge.good'],
  ['models', 'models/local-docs', '.fields input'],
  ['playground', 'playground/chat', '.chat-form', chat],
  ['terminal', 'terminal', '.line'],
];

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
await traffic(Date.now() + trafficMs);
await events();
const background = traffic(Date.now() + 20_000);
for (const colorScheme of ['dark', 'light']) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(`${base}/dashboard/login`);
  await page.locator('input[type=password]').fill(process.env.SYNAPSE_DASHBOARD_TOKEN);
  await page.getByRole('button').click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  for (const [name, section, sign, prepare] of pictures) {
    await page.goto(`${base}/dashboard#/${section}`);
    await page.locator(sign).first().waitFor();
    await prepare?.(page);
    await page.mouse.move(0, 0);
    await page.screenshot({ path: path.join(folder, `dashboard-${name}-${colorScheme}.png`) });
  }
  await context.close();
}
await background;
await browser.close();
