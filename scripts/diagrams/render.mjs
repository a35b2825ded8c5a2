// Renders the diagrams of docs/*.md; run by ../render_diagrams.sh.
//
//   render.mjs DOCS_FOLDER OUTPUT_FOLDER
//
// A diagram is a picture `![…](images/diagrams/NAME.svg)` and, as the next code block, its source in
// Mermaid. The written file names the SHA-256 of that source, so that a test can tell an old picture
// from a new one. Prints the names that it has written, one per line.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

import { chromium } from 'playwright-core';

const [docs, output] = process.argv.slice(2);
const diagram = /\]\(images\/diagrams\/([a-z0-9-]+)\.svg\)(?:(?!```)[\s\S])*?```mermaid\n([\s\S]*?)^```$/gm;
// Both have nearly the same widths and others are narrower, so a label fits wherever it is shown.
const font = 'Verdana, "DejaVu Sans", sans-serif';
const settings = {
  startOnLoad: false,
  securityLevel: 'strict',
  theme: 'base',
  deterministicIds: true,
  // Labels as SVG text: HTML inside of SVG is shown by browsers only.
  htmlLabels: false,
  fontFamily: font,
  themeVariables: {
    fontFamily: font,
    fontSize: '15px',
    primaryColor: '#e6eef8',
    primaryBorderColor: '#4a6fa5',
    primaryTextColor: '#1b2430',
    lineColor: '#44515f',
    clusterBkg: '#f7f9fb',
    clusterBorder: '#b9c4d0',
    edgeLabelBackground: '#ffffff',
    noteBkgColor: '#fdf3d7',
    noteBorderColor: '#c9a94a',
    noteTextColor: '#1b2430',
  },
  flowchart: { htmlLabels: false, useMaxWidth: false, wrappingWidth: 320, padding: 12 },
  sequence: { useMaxWidth: false, mirrorActors: false, wrap: false },
};

const wanted = new Map();
for (const name of fs.readdirSync(docs).filter((each) => each.endsWith('.md')).sort()) {
  const text = fs.readFileSync(path.join(docs, name), 'utf8');
  for (const [, id, source] of text.matchAll(diagram)) {
    if (wanted.has(id)) throw new Error(`${name}: there are two diagrams of the name ${id}`);
    wanted.set(id, source);
  }
}

const library = createRequire(import.meta.url).resolve('@mermaid-js/tiny/dist/mermaid.tiny.js');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
try {
  const page = await browser.newPage();
  await page.setContent('<!doctype html><meta charset="utf-8"><body></body>');
  await page.addScriptTag({ path: library });
  fs.mkdirSync(output, { recursive: true });
  for (const [id, source] of wanted) {
    const svg = await page.evaluate(
      async ({ id, source, settings }) => {
        window.mermaid.initialize({ ...settings, deterministicIDSeed: id });
        const rendered = await window.mermaid.render(`diagram-${id}`, source);
        document.body.innerHTML = rendered.svg;
        const root = document.querySelector('svg');
        const [x, y, width, height] = root.getAttribute('viewBox').split(' ').map(Number);
        root.setAttribute('width', Math.ceil(width));
        root.setAttribute('height', Math.ceil(height));
        root.removeAttribute('style');
        // Readable in dark viewers, too, which show a picture without a background on black.
        const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
        for (const [key, value] of Object.entries({ x, y, width, height, fill: '#ffffff' }))
          paper.setAttribute(key, value);
        root.insertBefore(paper, root.firstChild);
        return new XMLSerializer().serializeToString(root);
      },
      { id, source, settings },
    );
    const hash = createHash('sha256').update(source).digest('hex');
    fs.writeFileSync(path.join(output, `${id}.svg`), `<!-- source sha256:${hash} -->\n${svg}\n`);
    console.log(id);
  }
} finally {
  await browser.close();
}
