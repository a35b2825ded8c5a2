// What the pages calculate, without a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { sourceModule, sourcesMissing } from '../support/sources.mjs';

const unit = (name, work) => test(name, { skip: sourcesMissing }, work);

unit('the marks of an axis have one unit, and can be told apart', async () => {
  const { durationMarks, rateMarks } = await sourceModule('lib/format.ts');
  assert.deepEqual(durationMarks([0, 500, 1000, 1500]), ['0 s', '0.5 s', '1 s', '1.5 s']);
  assert.deepEqual(durationMarks([0, 100, 200]), ['0 ms', '100 ms', '200 ms']);
  assert.deepEqual(durationMarks([0, 0.25, 0.5]), ['0 ms', '0.25 ms', '0.5 ms']);
  assert.deepEqual(durationMarks([0, 60_000, 120_000]), ['0 min', '1 min', '2 min']);
  assert.deepEqual(rateMarks([0, 0.05, 0.1]), ['0/s', '0.05/s', '0.1/s']);
});

unit('a route without samples of a step did nothing then', async () => {
  const { onTimesOf } = await sourceModule('lib/samples.ts');
  const all = [{ at: 5 }, { at: 10 }, { at: 15 }];
  const some = [{ at: 10, requests: 3, duration_ms: { p50: 1, p95: 1, p99: 1 } }];
  const shown = onTimesOf(all, some);
  assert.deepEqual(
    shown.map(({ at, requests }) => [at, requests]),
    [
      [5, 0],
      [10, 3],
      [15, 0],
    ],
  );
  assert.equal(shown[0].duration_ms, null);
});

unit('points without neighbours are those that no line leads to', async () => {
  const { lonePoints } = await sourceModule('lib/samples.ts');
  assert.deepEqual(lonePoints([null, 7, null, 0, 1, null, 5]), [1, 6]);
  assert.deepEqual(lonePoints([7]), [0]);
  assert.deepEqual(lonePoints([null, null]), []);
});

unit('a search of the settings keeps the sections around what it finds', async () => {
  const { linesWith } = await sourceModule('lib/settings-text.ts');
  const text = 'threads: 0\nlimits:\n  idle: 75s\n  body: 30s\nbackends:\n  a:\n    idle: 4s\n';
  assert.equal(linesWith(text, 'idle'), 'limits:\n  idle: 75s\nbackends:\n  a:\n    idle: 4s');
  assert.equal(linesWith(text, ' limits '), 'limits:\n  idle: 75s\n  body: 30s');
  assert.equal(linesWith(text, ''), text);
  assert.equal(linesWith(text, 'nothing of that'), '');
});

unit('a request as curl is safe in a shell, and has no credentials', async () => {
  const { curlOf } = await sourceModule('lib/curl.ts');
  const of = (one) => curlOf({ method: 'POST', model: '', ...one }, 'http://127.0.0.1:8000');
  const chat = of({ path: '/v1/chat/completions', model: "it's $(reboot)" });
  assert.doesNotMatch(chat, /authorization|bearer|cookie/i);
  // What a shell makes of it is what the program is to get.
  const words = execFileSync('sh', ['-c', `printf '%s\\n' ${chat.replace(/^curl /, '')}`])
    .toString()
    .trimEnd()
    .split('\n');
  assert.equal(words[0], 'http://127.0.0.1:8000/v1/chat/completions');
  assert.equal(JSON.parse(words.at(-1)).model, "it's $(reboot)");
  assert.match(of({ path: '/stt/transcribe' }), /-F file=@recording\.wav/);
  assert.equal(of({ method: 'GET', path: '/v1/models' }), "curl 'http://127.0.0.1:8000/v1/models'");
  assert.match(of({ method: 'DELETE', path: '/voices/x' }), /-X DELETE/);
});
