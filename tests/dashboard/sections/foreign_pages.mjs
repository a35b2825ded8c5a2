// Pages of another origin in a real browser: what they get from a gateway that does not name them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { base, browserTest } from '../support/dashboard.mjs';

const refused = /CORS policy|ERR_FAILED|40[13]|net::/;

/** Serves one empty page on a loopback port of its own while `work` runs. */
async function withPage(work) {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/html' });
    answer.end('<!doctype html><link rel="icon" href="data:,"><title>Elsewhere</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections?.();
    server.close();
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
