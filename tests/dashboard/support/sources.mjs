// Modules of the front end without a browser: bundled by what builds the dashboard.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const sources = process.env.STATIC_DIR;

/** Why they cannot be had, if so: the dashboard was built elsewhere. */
export const sourcesMissing =
  existsSync(path.join(sources, 'node_modules/esbuild')) ? false : 'static/node_modules is not there';

/** @param file of static/src, such as `lib/format.ts` */
export async function sourceModule(file) {
  const { build } = createRequire(path.join(sources, 'package.json'))('esbuild');
  const folder = await mkdtemp(path.join(tmpdir(), 'dashboard-source-'));
  try {
    const outfile = path.join(folder, 'module.mjs');
    await build({
      entryPoints: [path.join(sources, 'src', file)],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      jsx: 'automatic',
      jsxImportSource: 'preact',
      logLevel: 'error',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
