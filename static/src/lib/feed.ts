// The gateway's log lines as they come. Kept outside the components' state: a burst of lines causes
// one drawing, not one each.

import { getJson } from './api';
import type { LogLine, Session } from './types';

export const maxLines = 2000;
const drawEveryMs = 150;
const retryAfterMs = 5000;

export type Line = LogLine & { key: number };
export type FeedState = 'connecting' | 'live' | 'reconnecting' | 'closed';

export class Feed {
  lines: Line[] = [];
  waiting: Line[] = []; // came while paused
  lost = 0; // the gateway says so: this viewer was too slow
  state: FeedState = 'connecting';
  paused = false;
  private source: EventSource | null = null;
  private timer = 0;
  private nextKey = 0;
  private seen = new Set<string>();

  constructor(private readonly onChange: () => void) {}

  open(level: string): void {
    this.close();
    this.state = 'connecting';
    this.lines = [];
    this.waiting = [];
    this.seen.clear();
    const source = new EventSource(
      `/events/terminal?level=${encodeURIComponent(level)}&backlog=500`,
    );
    this.source = source;
    source.addEventListener('meta', () => {
      this.state = 'live';
      this.draw();
    });
    source.addEventListener('log', (event) => this.take(event));
    source.addEventListener('dropped', (event) => {
      this.lost += (JSON.parse(event.data) as { count: number }).count;
      this.draw();
    });
    source.onerror = () => {
      const closed = source.readyState === EventSource.CLOSED;
      this.state = closed ? 'closed' : 'reconnecting';
      this.draw();
      if (closed) this.retry(source, level);
    };
    this.draw();
  }

  // An EventSource does not tell why it gives up: after an error status it never comes back by
  // itself. If the session has ended, the question leads to the login.
  private retry(source: EventSource, level: string): void {
    window.setTimeout(() => {
      if (this.source !== source) return;
      getJson<Session>('/api/session')
        .then((session) => {
          if (this.source === source && session.feed_mode === 'live') this.open(level);
        })
        .catch(() => this.source === source && this.retry(source, level));
    }, retryAfterMs);
  }

  close(): void {
    this.source?.close();
    this.source = null;
    window.clearTimeout(this.timer);
    this.timer = 0;
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    if (!paused) {
      this.lines = [...this.lines, ...this.waiting].slice(-maxLines);
      this.waiting = [];
    }
    this.onChange();
  }

  clear(): void {
    this.lines = [];
    this.waiting = [];
    this.lost = 0;
    this.onChange();
  }

  private take(event: MessageEvent<string>): void {
    // After a reconnection the backlog brings lines again.
    if (event.lastEventId) {
      if (this.seen.has(event.lastEventId)) return;
      this.seen.add(event.lastEventId);
      if (this.seen.size > 2 * maxLines) this.seen = new Set([...this.seen].slice(-maxLines));
    }
    const line = { ...(JSON.parse(event.data) as LogLine), key: this.nextKey };
    this.nextKey += 1;
    const target = this.paused ? this.waiting : this.lines;
    target.push(line);
    if (target.length > maxLines) target.splice(0, target.length - maxLines);
    this.draw();
  }

  private draw(): void {
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.onChange();
    }, drawEveryMs);
  }
}

/** What the page shows when the gateway has no live feed; marked as what it is. */
export function sampleLines(instance: string): Line[] {
  const said: [string, string, string][] = [
    ['gateway', 'INFO', 'listening on 127.0.0.1:8000'],
    ['llama-router', 'INFO', 'model general is loaded, after 4.2 s'],
    ['access', 'INFO', 'POST /v1/chat/completions 200 in 812 ms, first token after 95 ms'],
    ['whisper-stt', 'WARNING', 'attempt 1 of 3 failed: connection refused; again in 0.5 s'],
    ['whisper-stt', 'ERROR', 'circuit open after 5 failures, for 30 s'],
    ['gateway', 'DEBUG', 'configuration unchanged'],
  ];
  return said.map(([source, level, message], key) => ({
    key,
    ts: `sample ${key + 1}`,
    source,
    level,
    message,
    instance,
  }));
}
