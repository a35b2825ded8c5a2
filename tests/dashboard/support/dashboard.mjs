// One browser, logged in once; every page is watched for errors and for what its policy refuses.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { chromium } from 'playwright-core';

export const base = process.env.SYNAPSE_URL.replace(/\/$/, '');
export const token = process.env.SYNAPSE_DASHBOARD_TOKEN;
export const sentence = 'The quick brown fox jumps over the lazy dog.';
const patienceMs = 30_000;

let started;
let folder;

async function start() {
  folder = await mkdtemp(path.join(tmpdir(), 'dashboard-'));
  const sound = await speech(sentence);
  await writeFile(soundFile(), sound);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // No sandbox: tests run as root in containers. The microphone hears the recording.
    args: [
      '--no-sandbox',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-audio-capture=${soundFile()}`,
    ],
  });
  const context = await browser.newContext();
  const page = await context.newPage();
  await logIn(page, token);
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  const state = await context.storageState();
  await context.close();
  return { browser, state };
}

after(async () => {
  const running = await started?.catch(() => undefined);
  await running?.browser.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A sentence spoken by the gateway, as a WAV file's bytes. */
export async function speech(text) {
  const answer = await fetch(`${base}/tts/synthesize`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ text }),
  });
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}

/** The sentence, spoken. */
export const soundFile = () => path.join(folder, 'sentence.wav');

export async function logIn(page, secret) {
  await page.goto(`${base}/dashboard/login`);
  await page.locator('input[type=password]').fill(secret);
  await page.getByRole('button').click();
}

/** A page that is watched; `problems()` tells what went wrong on it. */
async function watchedPage(browser, options) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    permissions: ['microphone'],
    ...options,
  });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  const found = [];
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      found.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => found.push(String(error)));
  return { page, problems: () => found };
}

export async function openSection(page, section, heading) {
  await page.goto(`${base}/dashboard#/${section}`);
  if (heading) await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
}

/**
 * A test with a page of its own.
 * @param options.loggedIn false: without the session
 * @param options.context more settings of the browser's context
 * @param options.expected a console message that belongs to what is tested
 */
export function browserTest(name, options, work) {
  test(name, { timeout: 180_000 }, async () => {
    started ??= start();
    const { browser, state } = await started;
    const { loggedIn = true, context = {}, expected } = options;
    const settings = loggedIn ? { storageState: state, ...context } : context;
    const { page, problems } = await watchedPage(browser, settings);
    try {
      await work(page);
      const left = problems().filter((problem) => !expected?.test(problem));
      assert.deepEqual(left, [], 'errors in the browser');
    } finally {
      // A route's handler may still be at work on what the page has asked for last.
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.context().close();
    }
  });
}

/** Has a backend's next answer under a path go as `spec` says. @param backend as in LOCAL_STACK_…_PORT */
export async function misbehaveOnce(spec, under = '/v1/chat', backend = 'LLAMA_ROUTER') {
  const name = `LOCAL_STACK_${backend}_PORT`;
  const port = process.env[name];
  assert.ok(port, `${name}: scripts/with_local_stack.py sets it`);
  const answer = await fetch(`http://127.0.0.1:${port}/__misbehave`, {
    method: 'POST',
    body: JSON.stringify({ spec: `${spec}@${under}`, times: 1 }),
  });
  assert.equal(answer.status, 200);
}

/** Waits until an audio element has something to play. */
export async function canPlay(player) {
  const element = await player.elementHandle();
  await player.page().waitForFunction((audio) => audio.duration > 0.5, element);
}
