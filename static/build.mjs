// Bundles the dashboard: `npm run build -- --outdir DIR` writes DIR/index.html, DIR/docs.html (the API's
// page) and DIR/assets/*, each also compressed, so that the gateway never compresses while it serves.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const publicPath = '/dashboard/assets';
const { values } = parseArgs({ options: { outdir: { type: 'string' } } });
if (!values.outdir) {
  console.error('usage: npm run build -- --outdir DIR');
  process.exit(2);
}
const outdir = path.resolve(process.env.INIT_CWD ?? '.', values.outdir);

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  write: false,
  target: 'es2022',
  legalComments: 'inline', // the licences of what is bundled travel with it
  logLevel: 'warning',
};

async function save(file, content) {
  await writeFile(file, content);
  await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  await writeFile(`${file}.br`, brotliCompressSync(content, { params }));
}

// Names carry the content's hash: the gateway lets browsers keep them for ever.
async function saveAsset(name, extension, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const file = `${name}.${hash}.${extension}`;
  await save(path.join(outdir, 'assets', file), content);
  return `${publicPath}/${file}`;
}

await mkdir(path.join(outdir, 'assets'), { recursive: true });

// What runs on the audio thread is a file of its own, whose name the bundle has to know.
const worklet = await build({
  ...common,
  entryPoints: ['src/lib/recorder-worklet.ts'],
  outfile: 'w.js',
});
const workletUrl = await saveAsset('recorder', 'js', worklet.outputFiles[0].contents);

const app = await build({
  ...common,
  entryPoints: ['src/main.tsx', 'src/docs.tsx'],
  outdir: 'out',
  format: 'iife',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  define: { RECORDER_WORKLET_URL: JSON.stringify(workletUrl) },
});
const template = await readFile(path.join(here, 'index.html'), 'utf8');

/** A page of its own script and style sheet. */
async function savePage(file, entry, title) {
  const output = (extension) =>
    app.outputFiles.find((one) => path.basename(one.path) === `${entry}.${extension}`).contents;
  const script = await saveAsset(entry, 'js', output('js'));
  const stylesheet = await saveAsset(entry, 'css', output('css'));
  const page = template
    .replace('{{title}}', title)
    .replace('{{stylesheet}}', stylesheet)
    .replace('<script src="{{script}}"', `<script defer src="${script}"`);
  await save(path.join(outdir, file), Buffer.from(page));
}

await savePage('index.html', 'main', 'Synapse');
await savePage('docs.html', 'docs', 'Synapse API');
