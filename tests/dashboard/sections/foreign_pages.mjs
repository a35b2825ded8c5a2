// Pages of another origin in a real browser: what they get from a gateway that does not name them, and
// from one that does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { base, browserTest } from '../support/dashboard.mjs';

const refused = /CORS policy|ERR_FAILED|40[13]|net::/;

/** Has `server` listen on a loopback port of its own while `work` runs. */
async function withServer(server, work) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
}

/** An empty page of another origin. */
async function withPage(work) {
  const page = '<!doctype html><link rel="icon" href="data:,"><title>Elsewhere</title>';
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/html' });
    answer.end(page);
  });
  await withServer(server, work);
}

/** A chat backend: whoever is asked, the answer says hello. */
async function withBackend(work) {
  const hello = { role: 'assistant', content: 'Hello.' };
  const json = { object: 'chat.completion', choices: [{ index: 0, message: hello, finish_reason: 'stop' }] };
  const events = [
    { choices: [{ index: 0, delta: hello }] },
    { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  ].map((event) => `data: ${JSON.stringify(event)}\n\n`);
  const server = createServer(async (request, answer) => {
    let text = '';
    for await (const piece of request) text += piece;
    const stream = text.includes('"stream":true');
    answer.writeHead(200, { 'Content-Type': stream ? 'text/event-stream' : 'application/json' });
    answer.end(stream ? `${events.join('')}data: [DONE]\n\n` : JSON.stringify(json));
  });
  await withServer(server, work);
}

/** A gateway of its own before a backend, which names `origin`. */
async function withGatewayFor(origin, backend, work) {
  const folder = await mkdtemp(path.join(tmpdir(), 'cors-'));
  const config = path.join(folder, 'backends.yaml');
  const portFile = path.join(folder, 'port');
  const router = `{url: "${backend}", manage_models: false}`;
  await writeFile(
    config,
    `threads: 1\ncors: {origins: ["${origin}"]}\nbackends: {llama-router: ${router}}\n`,
  );
  const gateway = spawn(process.env.SYNAPSE_PROGRAM, ['--config', config, '--port-file', portFile], {
    env: {
      PATH: process.env.PATH,
      SYNAPSE_PORT: '0',
      SYNAPSE_VOICE_LIBRARY_DIR: folder,
      SYNAPSE_MODEL_PROFILES_PATH: path.join(folder, 'profiles.json'),
    },
    stdio: 'ignore',
  });
  const ended = once(gateway, 'exit');
  try {
    let port = '';
    for (let left = 300; left > 0 && !port; --left) {
      port = (await readFile(portFile, 'utf8').catch(() => '')).trim();
      if (!port) await sleep(50);
    }
    assert.ok(port, 'the gateway has started');
    await work(`http://127.0.0.1:${port}`);
  } finally {
    gateway.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

/** What fetch() gives the page: status and text, or that it may not know. */
const ask = (page, url, init) =>
  page.evaluate(
    async ([to, how]) => {
      if (how.form) {
        how.body = new FormData();
        how.body.append('name', 'from elsewhere');
      }
      try {
        const answer = await fetch(to, how);
        return { type: answer.type, status: answer.status, text: await answer.text() };
      } catch {
        return { type: 'failed' };
      }
    },
    [url, init],
  );

async function countRefused() {
  const text = await (await fetch(`${base}/metrics`)).text();
  const line = /synapse_local_replies_total\{detail="origin_refused"\} (\d+)/.exec(text);
  return line ? Number(line[1]) : 0;
}

const messages = [{ role: 'user', content: 'Hello from elsewhere.' }];

browserTest(
  'a page of another origin can neither use the gateway nor read from it',
  { expected: refused },
  async (page) => {
    await withPage(async (origin) => {
      await page.goto(origin);
      const before = await countRefused();
      const plain = { 'Content-Type': 'text/plain' };
      const blind = [
        ['/models/unload', { method: 'POST', headers: plain, body: '{"model":"local-echo"}' }],
        ['/models/load', { method: 'POST', headers: plain, body: '{"model":"local-echo"}' }],
        ['/v1/chat/completions', { method: 'POST', headers: plain, body: JSON.stringify({ messages }) }],
        ['/voices', { method: 'POST', form: true }],
        ['/api/overview', { credentials: 'include' }],
      ];
      for (const [target, init] of blind) {
        // Sent without being asked before: only the gateway can refuse it.
        const seen = await ask(page, base + target, { ...init, mode: 'no-cors' });
        assert.notEqual(seen.text?.length > 0, true, target);
        const read = await ask(page, base + target, init);
        assert.deepEqual(read, { type: 'failed' }, target);
      }
      assert.equal((await countRefused()) - before, 2 * blind.length);
      const answer = await ask(page, `${base}/health`, {});
      assert.deepEqual(answer, { type: 'failed' }, 'what is answered cannot be read');
    });
  },
);

browserTest('a page whose origin is configured uses the API', { loggedIn: false }, async (page) => {
  const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer some-key' };
  const useApi = async (gateway) => {
    for (const stream of [false, true]) {
      const body = JSON.stringify({ model: 'm', messages, stream });
      const init = { method: 'POST', headers, body };
      const answer = await ask(page, `${gateway}/v1/chat/completions`, init);
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.text, stream ? /data: \[DONE\]/ : /"choices"/);
    }
  };
  await withPage(async (origin) => {
    await page.goto(origin);
    await withBackend((backend) => withGatewayFor(origin, backend, useApi));
  });
});
