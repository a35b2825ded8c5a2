import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { markdownToHtml } from '../lib/markdown';

/** A model's answer: Markdown, of which nothing but text, lists, tables, code and links is left. */
export function AnswerText({ text }: { text: string }): JSX.Element {
  const html = useMemo(() => ({ __html: markdownToHtml(text) }), [text]);
  return <div class="markdown" dangerouslySetInnerHTML={html} />;
}
